import type { UsedExtents } from '@lifeboat/filesystems';
import type { DiskLayout } from '@lifeboat/model';
import type { InspectedDisk } from './inspected-disk.js';
import { planBackup, weakestConsistency } from './plan-backup.js';

const MIB = 1024 * 1024;
const clean: UsedExtents = {
  filesystem: 'ext4', label: 'root', uuid: null, blockSizeBytes: 4096, used: [{ offsetBytes: 0, lengthBytes: MIB }], clean: true, uncleanReason: null, overReportedBytes: 0, warnings: [], mode: 'bitmap',
};
const partition = { number: 1, offsetBytes: MIB, lengthBytes: 6 * MIB, type: '83', guid: null, name: '', attributes: '00', logical: false };
const layout: DiskLayout = { sizeBytes: 8 * MIB, logicalSectorBytes: 512, physicalSectorBytes: 512, table: 'mbr', tableId: null, partitions: [partition], tableSectors: [], warnings: [] };

function disk(changes: Partial<Omit<InspectedDisk, 'reader'>> & { contents?: UsedExtents } = {}): Omit<InspectedDisk, 'reader'> {
  const { contents = clean, ...rest } = changes;
  return {
    facts: { diskId: 'dev-sda', path: '/dev/sda', kind: 'device', model: null, serial: null }, layout, mounts: [], snapshot: null,
    volumes: [{ volumeId: 'dev-sda/p1', role: 'partition', partitionNumber: 1, offsetBytes: MIB, lengthBytes: 6 * MIB, contents }], ...rest,
  };
}
const mounted = (readWrite: boolean, offsetBytes = MIB) => [{ mountPoint: '/srv', readWrite, extent: { offsetBytes, lengthBytes: MIB } }];
const dirty: UsedExtents = { ...clean, clean: false, uncleanReason: { code: 'FS_NEEDS_RECOVERY', message: 'the journal needs replay' } };
const strict = { allowInconsistent: false };

test('what is at rest is taken by its map, and the rest of the disk besides', () => {
  const { volumes, refusals } = planBackup([disk()], strict);
  expect(refusals).toEqual([]);
  expect(volumes.map(({ volumeId, cut, consistency, state }) => ({ volumeId, used: cut.used, edges: cut.edges, consistency, state }))).toEqual([
    { volumeId: 'dev-sda/outside', used: [{ offsetBytes: 0, lengthBytes: MIB }, { offsetBytes: 7 * MIB, lengthBytes: MIB }], edges: 'exact', consistency: 'offline', state: 'good' },
    { volumeId: 'dev-sda/p1', used: clean.used, edges: 'masked', consistency: 'offline', state: 'good' },
  ]);
});

test.each([
  { name: 'mounted for writing', given: disk({ mounts: mounted(true) }), code: 'VOLUME_MOUNTED_READ_WRITE' },
  { name: 'a journal to replay', given: disk({ contents: dirty }), code: 'FS_NEEDS_RECOVERY' },
])('$name is refused, or taken whole and suspect', ({ given, code }) => {
  expect(planBackup([given], strict).refusals).toMatchObject([{ code, volumeId: 'dev-sda/p1' }]);
  const anyway = planBackup([given], { allowInconsistent: true });
  expect(anyway.refusals).toEqual([]);
  expect(anyway.volumes[1]).toMatchObject({ state: 'suspect', consistency: 'crash', cut: { used: [{ offsetBytes: 0, lengthBytes: 6 * MIB }] }, usedIsExact: false, warnings: [{ code: 'INCONSISTENT_ALLOWED' }] });
});

test.each([
  { name: 'mounted read-only', given: disk({ mounts: mounted(false) }), consistency: 'filesystem' },
  { name: 'something else of the disk is mounted', given: disk({ mounts: mounted(true, 7 * MIB) }), consistency: 'offline' },
  { name: 'read from a snapshot', given: disk({ snapshot: { path: '/dev/snap', assertValid: () => Promise.resolve(), release: () => Promise.resolve() } }), consistency: 'filesystem' },
])('$name is taken', ({ given, consistency }) => {
  const plan = planBackup([given], strict);
  expect(plan.refusals).toEqual([]);
  expect(plan.volumes[1]).toMatchObject({ consistency, state: 'good', cut: { used: clean.used } });
});

test('a point is no more consistent than its worst volume', () => {
  expect(weakestConsistency([{ consistency: 'offline' }, { consistency: 'crash' }, { consistency: 'filesystem' }])).toBe('crash');
  expect(weakestConsistency([{ consistency: 'offline' }])).toBe('offline');
});
