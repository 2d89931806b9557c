import { days, hours, minutes } from '@lifeboat/model';
import fc from 'fast-check';
import { anchorOf, clockReading, confirmClock, expiryNowMs, immutableFromMs, resumeClock, stepTrustedClock, type ClockClaim, type ClockSample, type TrustedClock } from './trusted-clock.js';

const startMs = Date.UTC(2026, 0, 1);
const sample = (change: Partial<ClockSample>): ClockSample => ({ wallMs: startMs, monotonicMs: 0, bootId: 'a', claims: [], ...change });
const started = stepTrustedClock(null, sample({}));
const agents = (...wallMs: number[]): ClockClaim[] => wallMs.map((claim) => ({ from: 'agent', wallMs: claim }));
const hosts = (...wallMs: number[]): ClockClaim[] => wallMs.map((claim) => ({ from: 'host', wallMs: claim }));

test('while it runs, trusted time is the monotonic clock\'s', () => {
  const later = stepTrustedClock(started, sample({ wallMs: startMs + hours(1), monotonicMs: hours(1) }));
  expect(later).toMatchObject({ trustedMs: startMs + hours(1), jumped: false, uncreditedMs: 0 });
});

test.each([{ name: 'ten years ahead', byMs: days(3653) }, { name: 'ten years back', byMs: -days(3653) }, { name: 'an hour ahead', byMs: hours(1) }])('a wall clock set $name expires nothing, and trust returns with it', ({ byMs }) => {
  const jumped = stepTrustedClock(started, sample({ wallMs: startMs + hours(1) + byMs, monotonicMs: hours(1) }));
  expect(jumped.jumped).toBe(true);
  expect(expiryNowMs(jumped)).toBeLessThanOrEqual(startMs + hours(1));
  expect(immutableFromMs(jumped)).toBeGreaterThanOrEqual(startMs + hours(1));
  const back = stepTrustedClock(jumped, sample({ wallMs: startMs + hours(2), monotonicMs: hours(2) }));
  expect(back).toMatchObject({ trustedMs: startMs + hours(2), jumped: false, uncreditedMs: 0 });
});

test('ten minutes of drift are no jump', () => {
  expect(stepTrustedClock(started, sample({ wallMs: startMs + hours(1) - minutes(9), monotonicMs: hours(1) })).jumped).toBe(false);
});

test('a night off is believed for six hours; the rest is uncredited, and no jump', () => {
  const morning = stepTrustedClock(started, sample({ wallMs: startMs + hours(14), bootId: 'b' }));
  expect(morning).toMatchObject({ trustedMs: startMs + hours(6), uncreditedMs: hours(8), jumped: false });
  expect(clockReading(morning)).toEqual({ wallMs: startMs + hours(14), jumped: false, uncreditedMs: hours(8) });
});

test.each([
  { name: 'two hosts', claims: hosts(0, minutes(1)), proven: true }, { name: 'one host', claims: hosts(0), proven: false }, { name: 'two hosts of which one disagrees', claims: hosts(0, hours(1)), proven: false },
  { name: 'three agents', claims: agents(0, minutes(1), -minutes(1)), proven: true }, { name: 'two agents', claims: agents(0, 0), proven: false }, { name: 'the median of agents', claims: agents(-days(9), 0, minutes(1), days(9), 0), proven: true },
  { name: 'agents of which most disagree', claims: agents(-days(9), -days(9), 0), proven: false },
])('an off time of a week, claims of $name: proven $proven', ({ claims, proven }) => {
  const wallMs = startMs + days(7);
  const after = stepTrustedClock(started, sample({ wallMs, bootId: 'b', claims: claims.map((claim) => ({ ...claim, wallMs: claim.wallMs + wallMs })) }));
  expect(after).toMatchObject(proven ? { trustedMs: wallMs, uncreditedMs: 0, jumped: false } : { trustedMs: startMs + hours(6), uncreditedMs: days(7) - hours(6) });
});

test('claims that come later prove what was uncredited', () => {
  const boot = stepTrustedClock(started, sample({ wallMs: startMs + days(7), bootId: 'b' }));
  const wallMs = startMs + days(7) + minutes(5);
  expect(stepTrustedClock(boot, sample({ wallMs, bootId: 'b', monotonicMs: minutes(5), claims: hosts(wallMs, wallMs) }))).toMatchObject({ trustedMs: wallMs, uncreditedMs: 0 });
});

test('restarting again and again with the clock set ahead gains six hours a day', () => {
  let clock: TrustedClock = started;
  for (let boot = 1; boot <= 50; boot += 1) clock = stepTrustedClock(resumeClock(anchorOf(clock)), sample({ wallMs: clock.wallMs + hours(12), bootId: `boot ${String(boot)}` }));
  expect(clock.trustedMs - startMs).toBe(hours(6));
  const dayLater = stepTrustedClock(clock, sample({ wallMs: clock.wallMs + days(1), monotonicMs: days(1), bootId: 'boot 50' }));
  expect(stepTrustedClock(dayLater, sample({ wallMs: dayLater.wallMs + hours(12), bootId: 'next' })).trustedMs - dayLater.trustedMs).toBe(hours(6));
});

test('off for longer than a month counts as a jump, until people confirm it', () => {
  const after = stepTrustedClock(started, sample({ wallMs: startMs + days(60), bootId: 'b' }));
  expect(after.jumped).toBe(true);
  expect(confirmClock(after)).toMatchObject({ trustedMs: startMs + days(60), uncreditedMs: 0, jumped: false });
});

test('a restart of the process alone loses no time', () => {
  const resumed = resumeClock(anchorOf(stepTrustedClock(started, sample({ wallMs: startMs + hours(1), monotonicMs: hours(1) }))));
  expect(stepTrustedClock(resumed, sample({ wallMs: startMs + hours(30), monotonicMs: hours(30) }))).toMatchObject({ trustedMs: startMs + hours(30), uncreditedMs: 0, jumped: false });
});

test('whatever clocks do without proof, trusted time never runs back, nor ahead of what ran plus six hours and six per day', () => {
  const arbStep = fc.record({ wallJumpMs: fc.integer({ min: -days(5000), max: days(5000) }), ranMs: fc.integer({ min: 0, max: days(3) }), reboots: fc.boolean(), resumes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(arbStep, { maxLength: 30 }), (steps) => {
      let clock: TrustedClock = started;
      let ranMs = 0;
      for (const [index, step] of steps.entries()) {
        const reboots = step.reboots || clock.monotonicMs === null;
        const next = stepTrustedClock(step.resumes ? resumeClock(anchorOf(clock)) : clock, sample({
          wallMs: Math.max(0, clock.wallMs + step.wallJumpMs), bootId: reboots ? `boot ${String(index)}` : clock.bootId, monotonicMs: reboots ? 0 : (clock.monotonicMs ?? 0) + step.ranMs,
        }));
        if (!reboots) ranMs += step.ranMs;
        expect(next.trustedMs).toBeGreaterThanOrEqual(clock.trustedMs);
        expect(next.trustedMs - startMs).toBeLessThanOrEqual(ranMs * 1.25 + hours(6));
        clock = next;
      }
    }),
    { numRuns: 2000 },
  );
});
