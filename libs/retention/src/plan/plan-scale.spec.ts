import { defaultRetentionPolicy, GIB, hours, MIB } from '@lifeboat/model';
import { testHash, testMachine, testNowMs, testPoint, testState } from '../testing/fleet.js';
import { planRetention } from './plan-retention.js';

/** 1,000 machines with 500 points each, made every three hours, whose chunks live for some points each. */
function largeFleet(): ReturnType<typeof testState> {
  const policy = { ...defaultRetentionPolicy, keepHourly: 48, keepDaily: 30, keepWeekly: 12, keepMonthly: 12 };
  const machines = Array.from({ length: 1000 }, (_, number) => {
    const points = Array.from({ length: 500 }, (_, index) => testPoint({ seq: index * 7 + 1, createdAtMs: testNowMs - hours(3) * (500 - index) }, number + 1));
    const exclusive = points.flatMap((point, index) => [
      { firstSeq: point.seq, lastSeq: point.seq, bytes: 40 * MIB },
      { firstSeq: point.seq, lastSeq: points[Math.min(499, index + 1 + ((index * 13) % 9))]?.seq ?? point.seq, bytes: 20 * MIB },
    ]);
    return testMachine({ points, exclusive, policy: number % 2 === 0 ? policy : defaultRetentionPolicy }, number + 1);
  });
  return testState(machines, { space: { sizeBytes: 40_000 * GIB, previousSizeBytes: null, freeBytes: -100 * GIB, quotaBytes: 40_000 * GIB, reserveBytes: 100 * GIB } });
}

test('a fleet of 1,000 machines with 500 points each under pressure is planned within seconds of CPU', () => {
  const state = largeFleet();
  const started = process.cpuUsage();
  const plan = planRetention(state, testNowMs, testHash);
  const tookMs = process.cpuUsage(started).user / 1000;
  expect(plan.prune.length + plan.keep.length).toBe(500_000);
  expect(plan.prune.length).toBeGreaterThan(100_000);
  // A few seconds of one core; the bound is wide because garbage collection counts too and cores are shared, and narrow enough to catch anything quadratic.
  expect(tookMs).toBeLessThan(15_000);
});
