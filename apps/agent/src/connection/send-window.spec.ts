import fc from 'fast-check';
import { Defect } from '@lifeboat/model';
import { SendWindow } from './send-window.js';

const frame = (seq: number, lengthBytes = 10) => ({ seq, bytes: new Uint8Array(lengthBytes) });

test('sends in order and within the credit', () => {
  const window = new SendWindow(25);
  for (const seq of [1, 2, 3]) window.push(frame(seq));
  expect([window.takeSendable()?.seq, window.takeSendable()?.seq, window.takeSendable()]).toEqual([1, 2, undefined]);
  expect(window.isAllSent).toBe(false);
  window.acknowledge(1, 10);
  expect(window.takeSendable()?.seq).toBe(3);
  expect(window.unacknowledgedBytes).toBe(20);
});

test('after a new connection everything that is not durable goes out again, and nothing else', () => {
  const window = new SendWindow(100);
  for (const seq of [1, 2, 3, 4]) window.push(frame(seq));
  while (window.takeSendable());
  window.acknowledge(1, 10);
  window.restart(2, 100);
  expect([window.takeSendable()?.seq, window.takeSendable()?.seq, window.takeSendable()]).toEqual([3, 4, undefined]);
});

test('a frame out of turn is a defect', () => {
  const window = new SendWindow(100);
  window.push(frame(1));
  expect(() => { window.push(frame(3)); }).toThrow(Defect);
});

test('whatever happens, a receiver that follows the sequence rule gets every frame once', () => {
  const arbEvent = fc.oneof(fc.constant('push' as const), fc.constant('pump' as const), fc.constant('ack' as const), fc.constant('lose' as const));
  fc.assert(
    fc.property(fc.array(arbEvent, { maxLength: 200 }), (events) => {
      const window = new SendWindow(50);
      const wire: number[] = [];
      let pushed = 0;
      let received = 0;
      let credited = 0;
      const deliver = (): void => {
        for (const seq of wire.splice(0)) {
          expect(seq).toBeLessThanOrEqual(received + 1);
          if (seq === received + 1) received = seq;
          credited += 10;
        }
      };
      for (const event of [...events, 'lose' as const, 'pump' as const]) {
        if (event === 'push') window.push(frame((pushed += 1)));
        else if (event === 'pump') {
          for (let next = window.takeSendable(); next; next = window.takeSendable()) wire.push(next.seq);
          deliver();
        } else if (event === 'ack') {
          window.acknowledge(received, credited);
          credited = 0;
        } else {
          wire.length = 0;
          credited = 0;
          window.restart(received, pushed * 10 + 50);
        }
      }
      expect(received).toBe(pushed);
    }),
  );
});
