import fc from 'fast-check';
import { hours, minutes, type Schedule } from '@lifeboat/model';
import { jitterOf } from './jitter.js';
import { assertScheduleValid, isRunDue, nextFireMs, nextRunMs } from './next-run.js';

const at = (iso: string): number => Date.parse(iso);
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString().replace('.000Z', 'Z'));
const cron = (pattern: string, timeZone = 'Europe/Berlin'): Extract<Schedule, { kind: 'cron' }> => ({ kind: 'cron', pattern, timeZone });
const every = (intervalMs: number): Extract<Schedule, { kind: 'every' }> => ({ kind: 'every', intervalMs });
const alone = { jitterMs: 0, key: 'machine' };

/** Starts of a schedule from `from` until `to`, by asking again after each. */
function startsBetween(schedule: Extract<Schedule, { kind: 'cron' }>, from: string, to: string): (string | null)[] {
  const starts: number[] = [];
  for (let after = at(from); ; ) {
    after = nextFireMs({ schedule, anchorMs: 0, ...alone }, after);
    if (after >= at(to)) return starts.map(iso);
    starts.push(after);
  }
}

describe('cron follows the wall clock of its time zone', () => {
  test.each([
    { name: 'a time that is skipped runs right after the gap', schedule: cron('30 2 * * *'), from: '2026-03-28T00:00Z', to: '2026-03-31T00:00Z', starts: ['2026-03-28T01:30:00Z', '2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z'] },
    { name: 'a time that comes twice runs once', schedule: cron('30 2 * * *'), from: '2026-10-24T00:00Z', to: '2026-10-27T00:00Z', starts: ['2026-10-24T00:30:00Z', '2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z'] },
    { name: 'asked between the two, it waits for the next day', schedule: cron('30 2 * * *'), from: '2026-10-25T00:45Z', to: '2026-10-27T00:00Z', starts: ['2026-10-26T01:30:00Z'] },
    { name: 'hourly runs every real hour in autumn', schedule: cron('0 * * * *'), from: '2026-10-24T23:30Z', to: '2026-10-25T02:30Z', starts: ['2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z', '2026-10-25T02:00:00Z'] },
    { name: 'and in spring', schedule: cron('0 * * * *'), from: '2026-03-28T23:30Z', to: '2026-03-29T02:30Z', starts: ['2026-03-29T00:00:00Z', '2026-03-29T01:00:00Z', '2026-03-29T02:00:00Z'] },
    { name: 'across the ocean', schedule: cron('30 1 * * *', 'America/New_York'), from: '2026-10-31T12:00Z', to: '2026-11-02T12:00Z', starts: ['2026-11-01T05:30:00Z', '2026-11-02T06:30:00Z'] },
    { name: 'a clock that moves by half an hour', schedule: cron('45 1 * * *', 'Australia/Lord_Howe'), from: '2026-04-04T00:00Z', to: '2026-04-06T00:00Z', starts: ['2026-04-04T14:45:00Z', '2026-04-05T15:15:00Z'] },
    { name: 'weekdays over the turn of a year with week 53', schedule: cron('0 3 * * 1', 'UTC'), from: '2026-12-27T00:00Z', to: '2027-01-05T00:00Z', starts: ['2026-12-28T03:00:00Z', '2027-01-04T03:00:00Z'] },
  ])('$name', ({ schedule, from, to, starts }) => {
    expect(startsBetween(schedule, from, to)).toEqual(starts);
  });
});

describe('what is due', () => {
  const nightly = cron('30 2 * * *');
  test.each([
    { name: 'manual never is', schedule: { kind: 'manual' } as Schedule, last: null, now: '2026-06-10T12:00Z', next: null, due: false },
    { name: 'every is due when it never ran', schedule: every(hours(4)), last: null, now: '2026-06-10T12:00Z', next: '2026-06-10T12:00:00Z', due: true },
    { name: 'every counts from the last run', schedule: every(hours(4)), last: '2026-06-10T09:00Z', now: '2026-06-10T12:59Z', next: '2026-06-10T13:00:00Z', due: false },
    { name: 'every is due to the millisecond', schedule: every(hours(4)), last: '2026-06-10T09:00Z', now: '2026-06-10T13:00Z', next: '2026-06-10T13:00:00Z', due: true },
    { name: 'every missed for days is due once', schedule: every(hours(4)), last: '2026-06-01T09:00Z', now: '2026-06-10T13:00Z', next: '2026-06-01T13:00:00Z', due: true },
    { name: 'cron that never ran missed nothing', schedule: nightly, last: null, now: '2026-06-10T12:00Z', next: '2026-06-11T00:30:00Z', due: false },
    { name: 'cron missed last night', schedule: nightly, last: '2026-06-09T00:30Z', now: '2026-06-10T12:00Z', next: '2026-06-10T00:30:00Z', due: true },
    { name: 'cron run by hand after its time is not missed', schedule: nightly, last: '2026-06-10T00:31Z', now: '2026-06-10T12:00Z', next: '2026-06-11T00:30:00Z', due: false },
    { name: 'cron missed in the night of the change to summer', schedule: nightly, last: '2026-03-28T01:30Z', now: '2026-03-29T01:00Z', next: '2026-03-29T01:00:00Z', due: true },
    { name: 'cron is not due a second time in the night of the change to winter', schedule: nightly, last: '2026-10-25T00:30Z', now: '2026-10-25T01:45Z', next: '2026-10-26T01:30:00Z', due: false },
  ])('$name', ({ schedule, last, now, next, due }) => {
    const history = { schedule, lastRunAtMs: last === null ? null : at(last), nowMs: at(now), ...alone };
    expect(iso(nextRunMs(history))).toBe(next);
    expect(isRunDue(history)).toBe(due);
  });
});

describe('jitter', () => {
  test('is fixed by the key, below its bound, and spread', () => {
    expect(jitterOf('a', hours(1))).toBe(jitterOf('a', hours(1)));
    expect(jitterOf('a', 0)).toBe(0);
    const parts = new Array<number>(10).fill(0);
    for (let machine = 0; machine < 1000; machine += 1) {
      const part = Math.floor(jitterOf(`machine ${String(machine)}`, 1000) / 100);
      parts[part] = (parts[part] ?? 0) + 1;
    }
    expect(Math.min(...parts)).toBeGreaterThan(60);
    expect(Math.max(...parts)).toBeLessThan(140);
  });

  const anySchedule = fc.constantFrom(cron('30 2 * * *'), cron('*/5 * * * *'), cron('0 3 * * 1'), cron('15,45 1-3 * * *'), every(minutes(1)), every(hours(25)));
  const anyMs = fc.integer({ min: at('2026-01-01T00:00Z'), max: at('2027-01-01T00:00Z') });

  test('puts each start between its planned time and the next, and skips none', () => {
    fc.assert(
      fc.property(anySchedule, anyMs, fc.integer({ min: 0, max: hours(12) }), (schedule, anchorMs, jitterMs) => {
        const repetition = { schedule, anchorMs, key: String(anchorMs), jitterMs };
        const plannedAfter = (ms: number) => nextFireMs({ ...repetition, jitterMs: 0 }, ms);
        let planned = plannedAfter(anchorMs);
        for (let run = 0; run < 5; run += 1) {
          const following = plannedAfter(planned);
          const start = nextFireMs(repetition, planned - 1);
          expect(start).toBeGreaterThanOrEqual(planned);
          expect(start).toBeLessThan(Math.min(planned + Math.max(jitterMs, 1), following));
          expect(nextFireMs(repetition, Math.max(planned, start - 1))).toBe(start === planned ? nextFireMs(repetition, following - 1) : start);
          expect(nextFireMs(repetition, start)).toBe(nextFireMs(repetition, following - 1));
          planned = following;
        }
      }),
    );
  });

  test('a run that took place is never due again before the next planned time', () => {
    fc.assert(
      fc.property(anySchedule, anyMs, fc.integer({ min: 0, max: hours(12) }), (schedule, nowMs, jitterMs) => {
        const spread = { key: 'k', jitterMs };
        const start = nextFireMs({ schedule, anchorMs: nowMs, ...spread }, nowMs);
        expect(isRunDue({ schedule, lastRunAtMs: start, nowMs: start, ...spread })).toBe(false);
        const next = nextRunMs({ schedule, lastRunAtMs: start, nowMs: start, ...spread });
        expect(next).toBe(nextFireMs({ schedule, anchorMs: start, ...spread }, start));
      }),
    );
  });
});

test.each([cron('61 0 * * *'), cron('* * * * * *'), cron('nonsense!'), cron('@annually'), cron('0 0 30 2 *'), cron('0 3 * * *', 'Mars/Olympus'), cron('0 3 * * *', '\u0000')])('%j is refused', (schedule) => {
  expect(() => { assertScheduleValid(schedule, 0); }).toThrow(expect.objectContaining({ code: 'SCHEDULE_INVALID' }) as Error);
});

test.each([cron('30 2 * * *'), cron('0 0 29 2 *'), every(hours(1)), { kind: 'manual' } as const])('%j is accepted', (schedule) => {
  assertScheduleValid(schedule, at('2026-06-10T12:00Z'));
});
