import { BackupPolicy, defaultBackupPolicy, hours, minutes } from '@lifeboat/model';
import fc from 'fast-check';
import { draftOf, findMistake, policyOf, scheduleSentence } from './policy-words.js';

test('a policy survives the form', () => {
  const schedule = fc.oneof(
    fc.constant({ kind: 'manual' as const }),
    fc.integer({ min: 1, max: 366 * 1440 }).map((count) => ({ kind: 'every' as const, intervalMs: minutes(count) })),
    fc.constant({ kind: 'cron' as const, pattern: '15 3 * * 1-5', timeZone: 'Europe/Berlin' }),
  );
  fc.assert(
    fc.property(schedule, fc.integer({ min: 0, max: 720 }), fc.integer({ min: 1, max: 366 * 1440 }), (kind, jitter, target) => {
      const policy = BackupPolicy.parse({ schedule: kind, jitterMs: minutes(jitter), rpoTargetMs: minutes(target), pausedUntilMs: null });
      const draft = draftOf(policy, 'UTC');
      expect(findMistake(draft)).toBeNull();
      expect(policyOf(draft)).toEqual(policy);
    }),
  );
});

test('what a form without mistakes stands for is a policy', () => {
  const number = fc.oneof(fc.double({ noNaN: true }), fc.constant(Number.NaN), fc.integer({ min: -10, max: 10_000 }));
  fc.assert(
    fc.property(fc.record({ kind: fc.constantFrom('manual' as const, 'every' as const, 'cron' as const), everyHours: number, pattern: fc.string(), targetHours: number }), (typed) => {
      const draft = { ...typed, timeZone: 'UTC', jitterMinutes: 30, pausedUntilMs: null };
      if (findMistake(draft) === null) expect(BackupPolicy.safeParse(policyOf(draft)).error?.issues.filter((issue) => issue.path.at(-1) !== 'pattern') ?? []).toEqual([]);
    }),
  );
});

test('mistakes name their field', () => {
  const draft = draftOf(defaultBackupPolicy, 'UTC');
  expect(findMistake({ ...draft, everyHours: 0 })?.field).toBe('everyHours');
  expect(findMistake({ ...draft, kind: 'cron', pattern: '0 2 * *' })?.field).toBe('pattern');
  expect(findMistake({ ...draft, kind: 'cron', timeZone: 'Mars/Base' })?.field).toBe('timeZone');
  expect(findMistake({ ...draft, targetHours: Number.NaN })?.field).toBe('targetHours');
});

test('schedules in words', () => {
  expect(scheduleSentence({ ...defaultBackupPolicy, schedule: { kind: 'every', intervalMs: hours(4) }, jitterMs: 0 })).toBe('Every 4 h, counted from the last run');
  expect(scheduleSentence({ ...defaultBackupPolicy, schedule: { kind: 'manual' } })).toBe('Only when someone starts a backup');
});
