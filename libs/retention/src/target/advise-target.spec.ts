import { days, GIB, MIB } from '@lifeboat/model';
import { adviseTarget, type TargetFacts } from './advise-target.js';

const nowMs = Date.UTC(2026, 10, 21);
const fine: TargetFacts = {
  mountPoint: '/srv/lifeboat', device: '/dev/sdb1', diskIds: ['SN-STORE'], holdsOperatingSystem: false, sizeBytes: 3000 * GIB,
  machines: [{ name: 'WS-001', diskIds: ['SN-1'], usedBytes: 400 * GIB }, { name: 'WS-002', diskIds: ['SN-2'], usedBytes: 600 * GIB }], samples: [{ atMs: nowMs, filesystemUsedBytes: 800 * GIB, storeUsedBytes: 799 * GIB }],
  health: 'good', writeBytesPerSecond: 400 * MIB, syncMs: 4, nowMs,
};
const codes = (change: Partial<TargetFacts>): string[] => adviseTarget({ ...fine, ...change }).map((advice) => advice.code);
const week = (foreignGrowthGib: number, ownGrowthGib: number): TargetFacts['samples'] => [
  { atMs: nowMs, filesystemUsedBytes: (800 + foreignGrowthGib + ownGrowthGib) * GIB, storeUsedBytes: (780 + ownGrowthGib) * GIB }, { atMs: nowMs - days(7), filesystemUsedBytes: 800 * GIB, storeUsedBytes: 780 * GIB },
];

test('a disk of its own that is large enough needs no advice', () => {
  expect(adviseTarget(fine)).toEqual([]);
});

test.each([
  { name: 'on a disk that it protects', change: { diskIds: ['SN-9', 'SN-2'] }, expected: ['STORE_ON_PROTECTED_DISK'] }, { name: 'on the disk of the operating system', change: { holdsOperatingSystem: true }, expected: ['STORE_ON_SYSTEM_DISK'] },
  { name: 'a little under 1.5 times what is protected', change: { sizeBytes: 1500 * GIB - 1 }, expected: ['STORE_SMALLER_THAN_ADVISED'] }, { name: 'exactly 1.5 times', change: { sizeBytes: 1500 * GIB }, expected: [] }, { name: 'no machine yet', change: { machines: [], sizeBytes: GIB * 900 }, expected: [] },
  { name: 'others write, the store does not', change: { samples: week(50, 0) }, expected: ['STORE_FILLED_BY_OTHERS'] }, { name: 'others write less than the store', change: { samples: week(5, 10) }, expected: [] }, { name: 'others write a few bytes', change: { samples: week(0.5, 0) }, expected: [] },
  { name: 'much belongs to others but does not grow', change: { samples: [{ atMs: nowMs, filesystemUsedBytes: 900 * GIB, storeUsedBytes: 600 * GIB }] }, expected: ['STORE_NOT_DEDICATED'] },
  { name: 'growth of others long ago', change: { samples: week(50, 0).map((sample) => ({ ...sample, atMs: sample.atMs - days(15) })) }, expected: [] },
  { name: 'a failing disk', change: { health: 'failing' as const }, expected: ['STORE_DISK_FAILING'] }, { name: 'slow writes', change: { writeBytesPerSecond: 10 * MIB }, expected: ['STORE_DISK_SLOW'] }, { name: 'slow syncs', change: { syncMs: 900 }, expected: ['STORE_DISK_SLOW'] },
  { name: 'unmeasured', change: { writeBytesPerSecond: null, syncMs: null, samples: [] }, expected: [] },
])('$name: $expected', ({ change, expected }) => {
  expect(codes(change)).toEqual(expected);
});

test('the worst comes first, and every sentence names mount point and device', () => {
  const advice = adviseTarget({ ...fine, diskIds: ['SN-1'], holdsOperatingSystem: true, sizeBytes: 900 * GIB, samples: week(50, 0), health: 'failing', syncMs: 900 });
  expect(advice.map((one) => one.severity)).toEqual(['critical', 'critical', 'warning', 'warning', 'warning', 'hint']);
  for (const one of advice) expect(one.text).toContain('/srv/lifeboat (/dev/sdb1)');
  expect(advice[0]?.text).toContain('a disk of WS-001');
});
