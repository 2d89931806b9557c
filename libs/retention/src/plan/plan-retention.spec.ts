import { days, defaultRetentionPolicy, defaultStoreSettings, GIB, hours, minutes } from '@lifeboat/model';
import type { RetentionMachine, RetentionState } from '../state/retention-state.js';
import { dailyPoints, testHash, testMachine, testNowMs, testPoint, testPointId, testState } from '../testing/fleet.js';
import { planRetention } from './plan-retention.js';
import type { RetentionPlan } from './retention-plan.js';

const plan = (machines: readonly RetentionMachine[], change: Parameters<typeof testState>[1] = {}): RetentionPlan => planRetention(testState(machines, change), testNowMs, testHash);
const prunedSeqs = (machine: RetentionMachine, { prune }: RetentionPlan): number[] => machine.points.filter((point) => prune.some((one) => one.pointId === point.pointId)).map((point) => point.seq);
const reasonsOf = (seq: number, { keep }: RetentionPlan): string[] => (keep.find((point) => point.pointId === testPointId(1, seq))?.reasons ?? []).map((reason) => reason.text);
/** Nothing is younger than 7 days, so that only the rules at hand speak. */
const old = (machine: RetentionMachine): RetentionMachine => ({ ...machine, points: machine.points.map((point) => ({ ...point, createdAtMs: point.createdAtMs - days(10) })) });

describe('calendar', () => {
  test('an empty policy and one that cannot be read keep everything while there is room', () => {
    for (const policy of [defaultRetentionPolicy, null]) {
      const answer = plan([testMachine({ points: dailyPoints(60), policy })]);
      expect(answer.prune).toEqual([]);
      expect(answer.keep).toHaveLength(60);
    }
  });

  test('every kept point says which slots it fills, every pruned one what it lost', () => {
    const machine = testMachine({ points: dailyPoints(60), policy: { ...defaultRetentionPolicy, keepDaily: 3, keepMonthly: 2, minKeep: 1 } });
    const answer = plan([machine]);
    expect(reasonsOf(60, answer)).toEqual([
      'newest good point', 'the newest good point always stays', 'first good point of its six hours, within the last 7 days', 'daily slot of 21 November 2026', 'monthly slot of November 2026',
    ]);
    expect(reasonsOf(39, answer)).toEqual(['monthly slot of October 2026']);
    expect(answer.prune.map((point) => point.reason)).toContain('the monthly slot of October 2026 has a newer point');
    expect(answer.prune.map((point) => point.reason)).toContain('older than the last 2 monthly slots');
  });

  test('suspect and damaged points fill no slot; newer than the newest good one they stay', () => {
    const points = dailyPoints(6).map((point) => ({ ...point, createdAtMs: point.createdAtMs - days(10) }));
    const states = ['good', 'good', 'damaged', 'good', 'suspect', 'damaged'] as const;
    const machine = testMachine({ points: points.map((point, index) => ({ ...point, state: states[index] ?? 'good' })), policy: { ...defaultRetentionPolicy, keepLast: 2, minKeep: 1 } });
    const answer = plan([machine]);
    expect(prunedSeqs(machine, answer)).toEqual([1, 3]);
    expect(answer.prune.find((point) => point.pointId === testPointId(1, 3))).toMatchObject({ by: 'damage', code: 'PRUNE_NOT_GOOD', reason: 'damaged, so it fills no slot' });
    expect(reasonsOf(5, answer)).toEqual(['not good, but newer than the newest good point']);
  });

  test('a machine without any good point keeps everything, its best copy even under pressure', () => {
    const machine = old(testMachine({ points: dailyPoints(4).map((point, index) => ({ ...point, state: index === 1 ? 'suspect' : 'damaged' })), policy: { ...defaultRetentionPolicy, keepLast: 1 } }));
    expect(plan([machine]).prune).toEqual([]);
    expect(prunedSeqs(machine, plan([machine], { space: { freeBytes: 0 } }))).toEqual([1, 3, 4]);
  });

  test('time alone takes nothing from a machine that went silent', () => {
    const points = dailyPoints(10).map((point) => ({ ...point, createdAtMs: point.createdAtMs - days(200) }));
    const policy = { ...defaultRetentionPolicy, keepWithinMs: days(5), minKeep: 1 };
    expect(prunedSeqs(testMachine({ points }), plan([testMachine({ points, policy })]))).toHaveLength(9);
    const silent = testMachine({ points, policy, silent: true });
    expect(prunedSeqs(silent, plan([silent]))).toEqual([1, 2, 3, 4, 5]);
  });

  test('both clock changes: daily slots are days of the store\'s zone', () => {
    // Every hour from Friday to Monday around each change; 72 hours and one more or less are three and a bit days of Berlin.
    for (const from of ['2026-10-24T00:30:00+02:00', '2026-03-28T00:30:00+01:00']) {
      const points = Array.from({ length: 60 }, (_, index) => testPoint({ seq: index + 1, createdAtMs: Date.parse(from) + hours(index) }));
      const machine = testMachine({ points, policy: { ...defaultRetentionPolicy, keepDaily: 30, minKeep: 1 } });
      const answer = plan([machine], { settings: { ...defaultStoreSettings, timeZone: 'Europe/Berlin' } });
      const local = answer.keep.map((point) => machine.points.find((one) => one.pointId === point.pointId)?.createdAtMs ?? 0).map((atMs) => new Date(atMs).toLocaleString('sv-SE', { timeZone: 'Europe/Berlin' }).slice(11, 16));
      expect(local.slice(0, 2)).toEqual(['23:30', '23:30']);
      expect(local).toHaveLength(3);
    }
  });
});

describe('pressure', () => {
  const tight = (freeBytes: number): Parameters<typeof testState>[1] => ({ space: { sizeBytes: 100 * GIB, previousSizeBytes: null, freeBytes, reserveBytes: 2 * GIB } });

  test('nothing goes above the yellow mark, and below it room is made up to the green one', () => {
    const machine = old(testMachine({ points: dailyPoints(80) }));
    expect(plan([machine], tight(15 * GIB)).prune).toEqual([]);
    const answer = plan([machine], tight(15 * GIB - 1));
    expect(answer).toMatchObject({ pressure: 'yellow', shortfallBytes: 0 });
    expect(answer.prune).toHaveLength(6);
    expect(answer.expectedFreeBytes).toBeGreaterThanOrEqual(20 * GIB);
    expect(answer.prune.every((point) => point.reason === 'pressure: densest region of WS-001')).toBe(true);
  });

  test('relief that began goes on until green', () => {
    const machine = old(testMachine({ points: dailyPoints(80) }));
    expect(plan([machine], { ...tight(17 * GIB), pressureBefore: 'orange' }).prune).toHaveLength(3);
  });

  test('what running sessions will write counts, and what garbage collection frees already', () => {
    const machine = old(testMachine({ points: dailyPoints(80) }));
    const space = { sizeBytes: 100 * GIB, previousSizeBytes: null, freeBytes: 16 * GIB, reserveBytes: 2 * GIB, reservedBytes: 6 * GIB };
    expect(plan([machine], { space }).prune).toHaveLength(10);
    expect(plan([machine], { space: { ...space, reclaimableBytes: 7 * GIB } }).prune).toHaveLength(3);
    expect(plan([machine], { space: { ...space, reclaimableBytes: 70 * GIB } })).toMatchObject({ pressure: 'yellow', prune: [], targetBytes: 0 });
  });

  test('the machine furthest over its share gives, by weight', () => {
    const machines = [30, 60, 30].map((count, index) => old(testMachine({ points: dailyPoints(count, index + 1), policy: { ...defaultRetentionPolicy, weight: index === 2 ? 0.25 : 1 } }, index + 1)));
    const answer = plan(machines, { space: { sizeBytes: 140 * GIB, previousSizeBytes: null, freeBytes: 20 * GIB, reserveBytes: 2 * GIB } });
    // 30, 60 and 30 GiB; the third uses 120 for its weight.
    expect(answer.prune.map((point) => Number.parseInt(point.machineId, 16))).toEqual([3, 3, 3, 3, 3, 3, 3, 3]);
    expect(answer.prune[0]?.reason).toBe('pressure: densest region of WS-003, which is 2.3 times over its fair share');
  });

  test('damaged points go first, then those whose deletion was approved', () => {
    const points = dailyPoints(80).map((point, index) => ({ ...point, state: index === 50 ? ('damaged' as const) : point.state, approval: index === 10 ? ('granted' as const) : point.approval }));
    const answer = plan([old(testMachine({ points }))], tight(14 * GIB));
    expect(answer.prune.slice(0, 2)).toMatchObject([{ code: 'PRUNE_PRESSURE_DAMAGED', pointId: testPointId(1, 51) }, { code: 'PRUNE_PRESSURE_APPROVED', pointId: testPointId(1, 11) }]);
  });

  test('a run of chunks is freed with the last of its points, and useless victims come back', () => {
    const points = dailyPoints(12).map((point) => ({ ...point, createdAtMs: point.createdAtMs - days(10) }));
    // Points 3 to 5 share 30 GiB; the others free nothing at all.
    const machine = testMachine({ points, exclusive: [{ firstSeq: 3, lastSeq: 5, bytes: 30 * GIB }, { firstSeq: 1, lastSeq: 12, bytes: 40 * GIB }] });
    const answer = plan([machine], tight(1 * GIB));
    expect(prunedSeqs(machine, answer)).toEqual([3, 4, 5]);
    expect(answer.prune.map((point) => point.estimatedBytes)).toEqual([0, 0, 30 * GIB]);
    expect(answer).toMatchObject({ pressure: 'red', shortfallBytes: 0, expectedFreeBytes: 31 * GIB });
  });

  test('when floors forbid more, the rest is a shortfall', () => {
    const machine = old(testMachine({ points: dailyPoints(5) }));
    const answer = plan([machine], tight(0));
    expect(prunedSeqs(machine, answer)).toEqual([1, 2, 3]);
    expect(answer.shortfallBytes).toBe(17 * GIB);
  });

  test('inodes run out like bytes', () => {
    const machine = old(testMachine({ points: dailyPoints(80) }));
    const answer = plan([machine], { space: { inodesTotal: 1000, inodesFree: 140 } });
    expect(answer).toMatchObject({ pressure: 'yellow', shortfallBytes: 0, shortfallInodes: 0 });
    // Each point of 1 GiB gives back its file and 16 packs.
    expect(answer.prune).toHaveLength(4);
    expect(plan([machine], { space: { inodesTotal: 100_000, inodesFree: 100 } }).shortfallInodes).toBeGreaterThan(0);
  });

  test('condemned points are purged sooner as room gets tight, never while held', () => {
    const condemned = { condemnedAtMs: testNowMs - hours(30), purgeAfterMs: testNowMs + hours(42) };
    const points = dailyPoints(80).map((point, index) => (index < 2 ? { ...point, condemned, held: index === 1 } : point));
    const machine = old(testMachine({ points }));
    expect(plan([machine])).toMatchObject({ purge: [], condemned: [{ pointId: testPointId(1, 1) }, { pointId: testPointId(1, 2) }] });
    const answer = plan([machine], tight(10 * GIB));
    expect(answer.purge).toEqual([{ machineId: machine.machineId, pointId: testPointId(1, 1), reason: 'room is tight, which shortens the time to bring it back', estimatedBytes: GIB }]);
    expect(answer.condemned).toMatchObject([{ pointId: testPointId(1, 2) }]);
    expect(answer.prune).toHaveLength(9);
  });
});

describe('flood: one machine writes 300 points of noise in a day', () => {
  const fleet = (): RetentionState => {
    const legitimate = (machine: number): ReturnType<typeof dailyPoints> => dailyPoints(61, machine).map((point) => ({ ...point, createdAtMs: point.createdAtMs - days(1) }));
    const noise = Array.from({ length: 300 }, (_, index) => testPoint({ seq: 1000 + index, createdAtMs: testNowMs - hours(24) + index * minutes(4.8) }));
    const machines = Array.from({ length: 10 }, (_, index) => {
      const points = index === 0 ? [...legitimate(1), ...noise.map((point) => ({ ...point, sizes: { uniqueBytes: 2 * GIB } }))] : legitimate(index + 1);
      return testMachine({ points }, index + 1);
    });
    // Room for everybody's own history and a little more: the flood of 600 GiB, nine machines' worth, does not fit.
    return testState(machines, { space: { sizeBytes: 900 * GIB, previousSizeBytes: null, freeBytes: 0, reservedBytes: 300 * GIB, reserveBytes: 10 * GIB } });
  };

  test('the others lose no point, and the flooded machine keeps its older history', () => {
    const state = fleet();
    const answer = planRetention(state, testNowMs, testHash);
    const kept = new Set(answer.keep.map((point) => point.pointId));
    const legitimate = state.machines.map((machine) => machine.points.filter((point) => point.seq < 1000 && kept.has(point.pointId)).length);
    expect(legitimate.slice(1)).toEqual(Array.from({ length: 9 }, () => 61));
    expect(legitimate[0]).toBeGreaterThanOrEqual(38);
    expect(answer.shortfallBytes).toBe(0);
    const ages = (state.machines[0]?.points ?? []).filter((point) => kept.has(point.pointId) && point.seq < 1000).map((point) => (testNowMs - point.createdAtMs) / days(1));
    // Log-spaced: every age is within a factor of two of its neighbour's.
    ages.slice(1).forEach((age, index) => { expect((ages[index] ?? 0) / age).toBeLessThanOrEqual(2); });
    expect(ages[0]).toBeGreaterThan(60);
  });
});
