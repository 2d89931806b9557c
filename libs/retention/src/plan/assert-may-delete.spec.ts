import { days, defaultRetentionPolicy, defaultStoreSettings, GIB, hours, type RestorePointId } from '@lifeboat/model';
import type { RetentionPoint, RetentionState } from '../state/retention-state.js';
import { dailyPoints, testHash, testMachine, testMachineId, testNowMs, testPointId, testState } from '../testing/fleet.js';
import { assertMayDelete, assertSamePlan } from './assert-may-delete.js';
import { planRetention } from './plan-retention.js';

const oldPoints = (count: number, machine = 1): RetentionPoint[] => dailyPoints(count, machine).map((point) => ({ ...point, createdAtMs: point.createdAtMs - days(40) }));
const ref = (seq: number, machine = 1): { machineId: ReturnType<typeof testMachineId>; pointId: RestorePointId } => ({ machineId: testMachineId(machine), pointId: testPointId(machine, seq) });
const code = (name: string, details: object = {}): Error => expect.objectContaining({ code: name, details: expect.objectContaining(details) as unknown }) as Error;

/** Ten old points of which the third has the change. */
function withThird(change: Partial<RetentionPoint>, machine: Partial<RetentionState['machines'][number]> = {}): RetentionState {
  return testState([testMachine({ points: oldPoints(10).map((point, index) => (index === 2 ? { ...point, ...change } : point)), ...machine })]);
}

describe('the guard before a deletion', () => {
  test.each([
    { floor: 'FLOOR_PINNED', state: withThird({ pinnedUntilMs: testNowMs + 1 }), passable: false },
    { floor: 'FLOOR_PINNED', state: withThird({ pinnedUntilMs: 'forever' }), passable: false },
    { floor: 'FLOOR_HELD', state: withThird({ held: true }), passable: false },
    { floor: 'FLOOR_IMMUTABLE', state: withThird({ immutableUntilMs: testNowMs + 1 }), passable: false },
    { floor: 'FLOOR_IN_USE', state: withThird({ inUse: true }), passable: false },
    { floor: 'FLOOR_NEWEST_PROVEN', state: withThird({ proofLevel: 4 }), passable: false },
    { floor: 'FLOOR_BEFORE_ANOMALY', state: withThird({ lastBeforeAnomaly: true }), passable: false },
    { floor: 'FLOOR_ANOMALY_BRAKE', state: withThird({}, { anomaly: true }), passable: true },
    { floor: 'FLOOR_MIN_KEEP', state: withThird({}, { policy: { ...defaultRetentionPolicy, minKeep: 8 } }), passable: true },
  ])('$floor holds a point; an operator may pass it: $passable', ({ floor, state, passable }) => {
    const deletion = { points: [ref(3)], approved: true } as const;
    expect(() => { assertMayDelete(state, testNowMs, { ...deletion, by: 'retention' }); }).toThrow(code('POINT_IS_KEPT', { floors: expect.arrayContaining([floor]) }));
    const asOperator = (): void => { assertMayDelete(state, testNowMs, { ...deletion, by: 'operator' }); };
    if (passable) expect(asOperator).not.toThrow();
    else expect(asOperator).toThrow(code('POINT_IS_KEPT'));
  });

  test.each([
    { what: 'a pin that ended', state: withThird({ pinnedUntilMs: testNowMs }) }, { what: 'immutability that ended', state: withThird({ immutableUntilMs: testNowMs }) },
    { what: 'a proof that a newer one replaced', state: testState([testMachine({ points: oldPoints(10).map((point, index) => ({ ...point, proofLevel: index === 2 || index === 5 ? 4 : null })) })]) },
    { what: 'a proven point that turned out damaged', state: withThird({ proofLevel: 4, state: 'damaged' }) },
    { what: 'a layout change more than 30 days ago', state: withThird({ lastBeforeLayoutChange: true }) },
  ])('$what holds nothing', ({ state }) => {
    expect(() => { assertMayDelete(state, testNowMs, { points: [ref(3)], by: 'retention', approved: true }); }).not.toThrow();
  });

  test('the last points before a change of layout or system stay for 30 days', () => {
    for (const flag of ['lastBeforeLayoutChange', 'lastBeforeOsChange'] as const) {
      const points = oldPoints(10).map((point, index) => ({ ...point, createdAtMs: point.createdAtMs + days(20), [flag]: index === 2 }));
      expect(() => { assertMayDelete(testState([testMachine({ points })]), testNowMs, { points: [ref(3)], by: 'retention', approved: true }); }).toThrow(code('POINT_IS_KEPT'));
    }
  });

  test('a lesser proof does not replace a greater one', () => {
    const state = testState([testMachine({ points: oldPoints(10).map((point, index) => ({ ...point, proofLevel: index === 2 ? 4 : index === 5 ? 1 : null })) })]);
    for (const seq of [3, 6]) expect(() => { assertMayDelete(state, testNowMs, { points: [ref(seq)], by: 'operator', approved: true }); }).toThrow(code('POINT_IS_KEPT'));
  });

  test('unknown points, and one named twice, are refused', () => {
    const state = withThird({});
    for (const points of [[ref(99)], [ref(3, 2)], [ref(3), ref(3)]]) {
      expect(() => { assertMayDelete(state, testNowMs, { points, by: 'operator', approved: true }); }).toThrow(code('POINT_UNKNOWN'));
    }
  });
});

describe('caps on what goes in one day', () => {
  const fleet = (pastDeletions: RetentionState['pastDeletions'] = []): RetentionState => testState(Array.from({ length: 10 }, (_, index) => testMachine({ points: oldPoints(20, index + 1) }, index + 1)), { pastDeletions });
  const first = (count: number, machine: number): ReturnType<typeof ref>[] => Array.from({ length: count }, (_, index) => ref(index + 1, machine));
  const attempt = (state: RetentionState, points: readonly ReturnType<typeof ref>[]) => (): void => { assertMayDelete(state, testNowMs, { points, by: 'retention', approved: false }); };

  test('20 % of a machine go, one more waits', () => {
    expect(attempt(fleet(), first(4, 1))).not.toThrow();
    expect(attempt(fleet(), first(5, 1))).toThrow(code('DELETION_NEEDS_APPROVAL', { points: 1, reason: "more than 20 % of the machine's points in one day" }));
  });

  test('5 % of all go, one more waits', () => {
    expect(attempt(fleet(), [...first(4, 1), ...first(4, 2), ...first(2, 3)])).not.toThrow();
    expect(attempt(fleet(), [...first(4, 1), ...first(4, 2), ...first(3, 3)])).toThrow(code('DELETION_NEEDS_APPROVAL', { reason: 'more than 5 % of all points in one day' }));
  });

  test('what went in the last 24 hours counts, what went before does not', () => {
    const past = (agoMs: number): RetentionState['pastDeletions'] => Array.from({ length: 3 }, () => ({ machineId: testMachineId(1), atMs: testNowMs - agoMs }));
    expect(attempt(fleet(past(hours(23))), first(2, 1))).toThrow(code('DELETION_NEEDS_APPROVAL'));
    expect(attempt(fleet(past(hours(24))), first(2, 1))).not.toThrow();
  });

  test('points younger than 7 days always wait, unless granted', () => {
    const points = dailyPoints(40);
    const state = (approval: RetentionPoint['approval']): RetentionState => testState([testMachine({ points: points.map((point) => ({ ...point, approval, createdAtMs: point.createdAtMs + hours(1) })), policy: { ...defaultRetentionPolicy, minKeep: 1 } })]);
    const young = { points: [ref(36)], by: 'operator', approved: false } as const;
    expect(() => { assertMayDelete(state('waiting'), testNowMs, young); }).toThrow(code('DELETION_NEEDS_APPROVAL', { reason: 'younger than 7 days' }));
    expect(() => { assertMayDelete(state('granted'), testNowMs, young); }).not.toThrow();
    expect(() => { assertMayDelete(state('none'), testNowMs, { ...young, approved: true }); }).not.toThrow();
  });

  test('where room is red, what pressure chose goes at once; what anybody else chose still waits', () => {
    const state = fleet();
    const red = { ...state, space: { ...state.space, freeBytes: 0 } };
    const chosen = (by: 'calendar' | 'pressure'): ReturnType<typeof ref>[] => first(8, 1).map((point) => ({ ...point, by }));
    expect(attempt(red, chosen('pressure'))).not.toThrow();
    expect(attempt(state, chosen('pressure'))).toThrow(code('DELETION_NEEDS_APPROVAL'));
    expect(attempt(red, chosen('calendar'))).toThrow(code('DELETION_NEEDS_APPROVAL'));
    expect(attempt(red, first(8, 1))).toThrow(code('DELETION_NEEDS_APPROVAL'));
  });

  test('a store may set its own caps', () => {
    const state = { ...fleet(), settings: { ...defaultStoreSettings, deletionCaps: { machinePercent: 100, storePercent: 100, youngMs: 0 } } };
    expect(attempt(state, first(18, 1))).not.toThrow();
  });
});

describe('refusals before anything is decided', () => {
  const state = testState([testMachine({ points: oldPoints(5) })]);
  const { space } = state;
  const policy = (change: object): RetentionState => testState([testMachine({ points: oldPoints(5), policy: { ...defaultRetentionPolicy, ...change } })]);

  test.each([
    ['a negative rule', 'RETENTION_POLICY_INVALID', policy({ keepDaily: -1 })], ['an absurd rule', 'RETENTION_POLICY_INVALID', policy({ keepLast: 1e9 })], ['half a slot', 'RETENTION_POLICY_INVALID', policy({ keepWeekly: 1.5 })],
    ['a rule that is no number', 'RETENTION_POLICY_INVALID', policy({ keepHourly: Number.NaN })], ['no weight', 'RETENTION_POLICY_INVALID', policy({ weight: 0 })], ['a negative duration', 'RETENTION_POLICY_INVALID', policy({ keepWithinMs: -5 })],
    ['an unknown zone', 'TIME_ZONE_UNKNOWN', { ...state, settings: { ...state.settings, timeZone: 'Mars/Olympus' } }],
    ['a clock ten years ahead', 'CLOCK_UNTRUSTED', { ...state, clock: { ...state.clock, wallMs: testNowMs + days(3653) } }], ['a clock ten years behind', 'CLOCK_UNTRUSTED', { ...state, clock: { ...state.clock, wallMs: testNowMs - days(3653) } }],
    ['a clock that jumped', 'CLOCK_UNTRUSTED', { ...state, clock: { ...state.clock, jumped: true } }],
    ['a store that shrank', 'STORE_SHRANK', { ...state, space: { ...space, previousSizeBytes: space.sizeBytes * 2 } }],
    ['a quota below the floors', 'QUOTA_BELOW_FLOORS', { ...state, space: { ...space, quotaBytes: GIB, sizeBytes: GIB, previousSizeBytes: null, freeBytes: -4 * GIB, reserveBytes: 0 } }],
    ['negative free bytes without a quota', 'RETENTION_STATE_INVALID', { ...state, space: { ...space, freeBytes: -1 } }], ['more free than there is', 'RETENTION_STATE_INVALID', { ...state, space: { ...space, freeBytes: space.sizeBytes + 1 } }],
    ['free bytes that are no number', 'RETENTION_STATE_INVALID', { ...state, space: { ...space, freeBytes: Number.NaN } }], ['no size', 'RETENTION_STATE_INVALID', { ...state, space: { ...space, sizeBytes: 0, freeBytes: 0 } }],
    ['watermarks out of order', 'RETENTION_STATE_INVALID', { ...state, settings: { ...state.settings, greenFreePercent: 5 } }],
    ['points out of order', 'RETENTION_STATE_INVALID', testState([testMachine({ points: oldPoints(5).toReversed() })])], ['a machine twice', 'RETENTION_STATE_INVALID', testState([testMachine({ points: oldPoints(5) }), testMachine({ points: oldPoints(5) })])],
  ] as const)('%s: %s', (_, expected, bad) => {
    expect(() => planRetention(bad, testNowMs, testHash)).toThrow(code(expected));
  });

  test('time that the server cannot prove makes nothing expire, but stops nothing either', () => {
    const behind = { ...state, clock: { wallMs: testNowMs + days(2), jumped: false, uncreditedMs: days(2) } };
    expect(planRetention(behind, testNowMs, testHash).keep).toHaveLength(5);
  });

  test('a plan for an older state, and one that would delete something else, are stale', () => {
    const shown = planRetention(state, testNowMs, testHash);
    assertSamePlan(shown, planRetention(state, testNowMs + 1000, testHash));
    expect(() => { assertSamePlan(shown, planRetention({ ...state, stateVersion: 2 }, testNowMs, testHash)); }).toThrow(code('PLAN_STALE'));
    const other = testState([testMachine({ points: oldPoints(5), policy: { ...defaultRetentionPolicy, keepLast: 1 } })]);
    expect(() => { assertSamePlan(shown, planRetention(other, testNowMs, testHash)); }).toThrow(code('PLAN_STALE'));
  });
});
