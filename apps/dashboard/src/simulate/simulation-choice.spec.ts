import { StoreSettings, days, defaultRetentionPolicy, defaultStoreSettings } from '@lifeboat/model';
import { RetentionPlanView, RetentionSimulation } from '@lifeboat/protocol';
import fc from 'fast-check';
import { choiceOf, deletesSame, differenceSentence, guardRails, planSentence, settingsOf, settingsWithFloor, simulationOf, whyNotApply } from './simulation-choice.js';

const now = Date.parse('2026-11-20T12:03:00Z');
const facts = { settings: defaultStoreSettings, freeBytes: 1000, bytesPerDay: 10, nowMs: now };
const nothing = choiceOf({});
const draft = { scope: { kind: 'default' as const }, policy: { ...defaultRetentionPolicy, keepDaily: 7 } };
const point = (n: number) => ({ computer: 'WS-1', machineId: 'a'.repeat(32), id: n.toString(16).padStart(32, '0'), createdAt: '2026-10-02T02:00:00Z' });
const pruned = (n: number, needsApproval: string | null = null) => ({ ...point(n), reason: 'why', code: 'PRUNE_NO_SLOT', by: 'calendar', uniqueBytes: 1, cumulativeFreeBytes: 1, needsApproval });
const plan = (parts: Readonly<Record<string, unknown>>): RetentionPlanView =>
  RetentionPlanView.parse({ v: 1, planHash: 'f'.repeat(64), stateVersion: 1, madeAt: '', pressure: 'green', keep: [], prune: [], purge: [], condemned: [], targetBytes: 0, expectedFreeBytes: 0, shortfallBytes: 0, ...parts });

test('any floor makes settings whose marks fall in their order', () => {
  const percent = fc.integer({ min: 0, max: 90 });
  fc.assert(
    fc.property(fc.tuple(percent, percent, percent), percent, (marks, floor) => {
      const [orangeFreePercent = 0, yellowFreePercent = 0, greenFreePercent = 0] = marks.toSorted((a, b) => a - b);
      const made = StoreSettings.parse(settingsWithFloor({ ...defaultStoreSettings, orangeFreePercent, yellowFreePercent, greenFreePercent }, floor));
      expect(made.yellowFreePercent).toBe(floor);
      expect(made.greenFreePercent).toBeGreaterThanOrEqual(made.yellowFreePercent);
      expect(made.yellowFreePercent).toBeGreaterThanOrEqual(made.orangeFreePercent);
    }),
  );
  expect(settingsOf({ ...nothing, floorPercent: defaultStoreSettings.yellowFreePercent }, defaultStoreSettings)).toBeNull();
});

test('without a choice the server is asked about now and what is in force', () => {
  expect(simulationOf(nothing, facts)).toEqual({});
});

test('ahead of time the store has grown as it does', () => {
  expect(simulationOf({ ...nothing, daysAhead: 30 }, facts)).toEqual({ at: Date.parse('2026-11-20T12:00:00Z') + days(30), freeBytes: 700 });
  expect(simulationOf({ ...nothing, daysAhead: 90 }, { ...facts, bytesPerDay: 100 }).freeBytes).toBe(0);
  expect(simulationOf({ ...nothing, daysAhead: 1 }, { ...facts, bytesPerDay: null }).freeBytes).toBe(1000);
  const asked = simulationOf({ floorPercent: 40, daysAhead: 3, draft }, facts);
  expect(RetentionSimulation.parse(asked)).toEqual(asked);
  expect(asked).toMatchObject({ draft, settings: { yellowFreePercent: 40, greenFreePercent: 45, orangeFreePercent: 8 } });
});

test('plans are the same when they delete the same points', () => {
  expect(deletesSame(plan({ prune: [pruned(1), pruned(2)] }), plan({ prune: [pruned(2), pruned(1)] }))).toBe(true);
  expect(deletesSame(plan({ prune: [pruned(1)] }), plan({ prune: [pruned(1), pruned(2)] }))).toBe(false);
});

test('a guard rail is hit where no rule wants the point, and under pressure wherever there is one', () => {
  const kept = (n: number, codes: string[]) => ({ ...point(n), codes, reasons: codes.map((code) => `text of ${code}`) });
  expect(guardRails(plan({ keep: [kept(1, ['FLOOR_PINNED', 'KEEP_DAILY']), kept(4, ['KEEP_DAILY'])], targetBytes: 1 }))).toEqual([{ code: 'FLOOR_PINNED', text: 'text of FLOOR_PINNED', points: 1 }]);
  expect(guardRails(plan({ keep: [kept(1, ['FLOOR_PINNED', 'KEEP_DAILY']), kept(2, ['FLOOR_PINNED']), kept(3, ['FLOOR_PINNED', 'FLOOR_NEWEST_GOOD']), kept(4, ['KEEP_DAILY'])] }))).toEqual([
    { code: 'FLOOR_PINNED', text: 'text of FLOOR_PINNED', points: 2 }, { code: 'FLOOR_NEWEST_GOOD', text: 'text of FLOOR_NEWEST_GOOD', points: 1 },
  ]);
});

test('plans in words', () => {
  expect(planSentence(plan({}))).toBe('No point goes');
  expect(planSentence(plan({ prune: [pruned(1)] }))).toBe('1 point goes');
  expect(planSentence(plan({ prune: [pruned(1), pruned(2, 'younger than 7 days')] }))).toBe('2 points go, 1 of them after a second operator or 24 hours');
  expect(differenceSentence({ today: plan({}), moreDeleted: 41, moreKept: 3 })).toBe('Today’s policy vs draft: 41 more deleted, 3 kept');
  expect(differenceSentence({ today: null, moreDeleted: 0, moreKept: 0 })).toBe('Nothing differs from what is in force');
});

test('only what goes now can be applied', () => {
  expect(whyNotApply({ ...nothing, daysAhead: 3 }, plan({ prune: [pruned(1)] }), defaultStoreSettings)).toMatch(/days ahead/);
  expect(whyNotApply(nothing, plan({}), defaultStoreSettings)).toMatch(/nothing to apply/);
  expect(whyNotApply(nothing, plan({ prune: [pruned(1)] }), defaultStoreSettings)).toBeNull();
  expect(whyNotApply({ ...nothing, draft }, plan({}), defaultStoreSettings)).toBeNull();
});
