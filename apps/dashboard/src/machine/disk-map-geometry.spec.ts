import { DiskManifest, GIB, MIB } from '@lifeboat/model';
import { layoutDisk, partitionRole, stretchName, usedShare } from './disk-map-geometry.js';

const linux = '0FC63DAF-8483-4772-8E79-3D69D8477DE4';
const partition = (number: number, [offsetBytes, lengthBytes]: readonly [number, number], type = linux) => ({ number, offsetBytes, lengthBytes, type, guid: null, name: '', attributes: '', logical: false });
const volume = (partitionNumber: number, lengthBytes: number, dataBytes: number) => ({
  volumeId: `disk0/p${String(partitionNumber)}`, role: 'partition', partitionNumber, offsetBytes: 0, lengthBytes, filesystem: 'ext4', label: 'root', uuid: null, cutter: 'fixed', tracker: 'none',
  consistency: 'offline', state: 'good', mapRoot: 'a'.repeat(64), counts: { dataBytes, zeroBytes: 0, unallocatedBytes: lengthBytes - dataBytes, unreadableBytes: 0 }, warnings: [],
});
const disk = (partitions: object[], volumes: object[]) =>
  DiskManifest.parse({
    facts: { diskId: 'disk0', path: '/dev/sda', kind: 'device', model: null, serial: null },
    layout: { sizeBytes: 10 * GIB, logicalSectorBytes: 512, physicalSectorBytes: 512, table: 'gpt', tableId: null, partitions, tableSectors: [], warnings: [] },
    volumes,
  });

test('partitions and the free space worth showing, in order', () => {
  const stretches = layoutDisk(disk([partition(1, [MIB, GIB]), partition(2, [GIB + MIB, 4 * GIB])], [volume(2, 4 * GIB, GIB)]));
  expect(stretches.map((row) => [row.kind, row.lengthBytes])).toEqual([['partition', GIB], ['partition', 4 * GIB], ['gap', 5 * GIB - MIB]]);
  expect(stretches.map(usedShare)).toEqual([null, 0.25, null]);
  expect(stretches.map(stretchName)).toEqual(['Partition 1', 'root', 'Unallocated']);
});

test('an extended partition is shown by its logical ones', () => {
  const stretches = layoutDisk(disk([partition(1, [MIB, 5 * GIB], '05'), partition(5, [2 * MIB, 4 * GIB], '83')], []));
  expect(stretches.filter((row) => row.kind === 'partition').map((row) => row.partition?.number)).toEqual([5]);
});

test('a disk without a table is one stretch', () => {
  expect(layoutDisk(disk([], [])).map((row) => [row.kind, row.lengthBytes])).toEqual([['whole', 10 * GIB]]);
});

test('types in words', () => {
  expect(partitionRole(partition(1, [0, 1]))).toBe('Linux');
  expect(partitionRole(partition(1, [0, 1], 'ef'))).toBe('EFI system');
  expect(partitionRole(partition(1, [0, 1], '99'))).toBe('99');
});
