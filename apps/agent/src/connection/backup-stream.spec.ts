import type { Clock, SessionId } from '@lifeboat/model';
import { decodeFrame, encodeFrame, type Frame } from '@lifeboat/protocol';
import { ConnectionLost, ServerRefused, ServerUnreachable } from '../errors/agent-errors.js';
import { BackupStream, type StreamPorts } from './backup-stream.js';
import type { ControlChannel } from './control-connection.js';
import type { DataSocketEvents } from './data-socket.js';

const sessionId = 'c'.repeat(32) as SessionId;
const payload = new Uint8Array(1000);
const frameOf = (seq: number): Uint8Array => encodeFrame({ type: 'batch', seq, volume: 0, entries: [{ kind: 'zero', offsetBytes: seq * 10, lengthBytes: 10 }], codec: 'raw', plainLengthBytes: 0, payload: payload.subarray(0, 0) });
const frameBytes = frameOf(1).length;
const signal = new AbortController().signal;

/** A network whose connections the test holds in its hand; time passes only by sleeping. */
class Network {
  readonly connections: { ticket: string; seqs: number[]; events: DataSocketEvents }[] = [];
  readonly slept: number[] = [];
  attaches: (() => Promise<{ ticket: string; durableSeq: number; creditBytes: number }>)[] = [];
  nowMs = 0;
  readonly sentences: string[] = [];

  readonly clock: Clock = {
    nowMs: () => this.nowMs, monotonicMs: () => this.nowMs,
    sleep: (durationMs) => {
      this.slept.push(durationMs);
      this.nowMs += durationMs;
      return Promise.resolve();
    },
  };

  ports(): StreamPorts {
    const control = { request: () => this.attaches.shift()?.() ?? new Promise(() => undefined) } as unknown as ControlChannel;
    return {
      control, clock: this.clock, random: { bytes: (count) => new Uint8Array(count) }, unreachableMaxMs: 60_000, parkedMaxMs: 60_000, onState: (sentence) => { this.sentences.push(sentence); },
      openDataSocket: (ticket, events) => {
        const connection = { ticket, seqs: [] as number[], events };
        this.connections.push(connection);
        return Promise.resolve({ send: (bytes) => { connection.seqs.push((decodeFrame(bytes) as Frame & { seq: number }).seq); }, close: () => undefined });
      },
    };
  }

  tell(connection: number, frame: Frame): void {
    this.connections[connection]?.events.onFrame(frame);
  }

  drop(connection: number): void {
    this.connections[connection]?.events.onClosed(new ConnectionLost('test'));
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const open = (network: Network, creditBytes = 10_000): BackupStream => new BackupStream(sessionId, { ticket: 'first', durableSeq: 0, creditBytes }, network.ports());

test('waits without credit and goes on with it', async () => {
  const network = new Network();
  const stream = open(network, frameBytes);
  await stream.send(frameOf, signal);
  let isDone = false;
  const second = stream.send(frameOf, signal).then(() => { isDone = true; });
  await settle();
  expect([network.connections[0]?.seqs, isDone]).toEqual([[1], false]);
  network.tell(0, { type: 'ack', durableSeq: 1, creditBytes: frameBytes });
  await second;
  expect(network.connections[0]?.seqs).toEqual([1, 2]);
  network.tell(0, { type: 'ack', durableSeq: 2, creditBytes: frameBytes });
  await stream.drain(signal);
  expect(stream.sentBytes).toBe(2 * frameBytes);
  stream.close();
});

test('after a lost connection it attaches again and repeats what is not durable', async () => {
  const network = new Network();
  const stream = open(network);
  for (let count = 0; count < 3; count += 1) await stream.send(frameOf, signal);
  network.attaches.push(() => Promise.resolve({ ticket: 'second', durableSeq: 1, creditBytes: 10_000 }));
  network.drop(0);
  await settle();
  await settle();
  expect(network.connections[1]).toMatchObject({ ticket: 'second', seqs: [2, 3] });
  network.tell(1, { type: 'ack', durableSeq: 3, creditBytes: 0 });
  await stream.drain(signal);
  stream.close();
});

test('a server that lost what it had acknowledged ends the run, as those frames are gone', async () => {
  const network = new Network();
  const stream = open(network);
  for (let count = 0; count < 3; count += 1) await stream.send(frameOf, signal);
  network.tell(0, { type: 'ack', durableSeq: 2, creditBytes: 0 });
  network.attaches.push(() => Promise.resolve({ ticket: 'second', durableSeq: 1, creditBytes: 10_000 }));
  network.drop(0);
  await expect(stream.drain(signal)).rejects.toMatchObject({ code: 'SESSION_ROLLED_BACK' });
  expect(network.connections).toHaveLength(1);
  stream.close();
});

test('waits as long as the server asks', async () => {
  const network = new Network();
  const stream = open(network);
  await stream.send(frameOf, signal);
  network.attaches.push(() => Promise.resolve({ ticket: 'second', durableSeq: 0, creditBytes: 10_000 }));
  network.tell(0, { type: 'fail', code: 'STORE_FULL', message: 'the store is full', retry: 'later', retryAfterMs: 7000 });
  await settle();
  await settle();
  expect(network.slept).toEqual([7000]);
  expect(network.connections[1]?.seqs).toEqual([1]);
  stream.close();
});

test.each([
  { name: 'what the server says for good', happen: (network: Network) => { network.tell(0, { type: 'fail', code: 'FRAME_INVALID', message: 'bad', retry: 'never', retryAfterMs: 0 }); }, code: 'FRAME_INVALID' },
  { name: 'an attach refused for good', happen: (network: Network) => { network.attaches.push(() => Promise.reject(new ServerRefused({ code: 'SESSION_UNKNOWN', message: 'gone', retry: 'never' }))); network.drop(0); }, code: 'SESSION_UNKNOWN' },
  { name: 'a server that stays away', happen: (network: Network) => { network.attaches.push(() => Promise.reject(new ServerUnreachable({ serverUrl: 'x', reason: 'y' }))); network.drop(0); }, code: 'SERVER_UNREACHABLE' },
  { name: 'a frame no server sends', happen: (network: Network) => { network.tell(0, { type: 'read', seq: 1, volume: 0, offsetBytes: 0, lengthBytes: 1, mapOnly: true }); }, code: 'SERVER_ANSWER_INVALID' },
])('ends with $name', async ({ happen, code }) => {
  const network = new Network();
  const stream = open(network);
  await stream.send(frameOf, signal);
  happen(network);
  await expect(stream.drain(signal)).rejects.toMatchObject({ code });
  await expect(stream.send(frameOf, signal)).rejects.toMatchObject({ code });
  stream.close();
});

test('gives up a connection that breaks again and again without progress', async () => {
  const network = new Network();
  network.attaches = Array.from({ length: 200 }, () => () => Promise.reject(new ConnectionLost('again')));
  const stream = open(network);
  await stream.send(frameOf, signal);
  network.drop(0);
  await expect(stream.drain(signal)).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
  expect(network.nowMs).toBeGreaterThan(60_000);
  stream.close();
});

test('an abort ends the wait', async () => {
  const network = new Network();
  const stream = open(network, 0);
  const abort = new AbortController();
  const sending = stream.send(frameOf, abort.signal);
  abort.abort(new ConnectionLost('stopped'));
  await expect(sending).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  stream.close();
});
