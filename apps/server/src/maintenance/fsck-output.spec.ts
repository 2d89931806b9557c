import { ComputerName, Digest, MachineId, RestorePointId } from '@lifeboat/model';
import type { FsckReport } from '@lifeboat/store';
import { fsckJson, fsckText } from './fsck-output.js';

const report: FsckReport = {
  storeId: null, readData: true, clean: false, damageTruncated: false, affectedPoints: 1,
  findings: [{ severity: 'damage', code: 'PACK_RECORD_DAMAGED', path: 'packs/ac/x.pack', offsetBytes: 100, lengthBytes: 50, detail: 'payload checksum' }],
  damage: [{
    machineId: MachineId.parse('a'.repeat(32)), computerName: ComputerName.parse('web-1'), pointId: RestorePointId.parse('b'.repeat(32)), createdAtMs: 0, diskId: 'sda', volumeId: 'sda/p2',
    offsetBytes: 65_536, diskOffsetBytes: 1_114_112, lengthBytes: 4096, structure: 'chunk', digest: Digest.parse('c'.repeat(64)), detail: 'damaged in pack x at 100',
    files: [{ path: '/etc/fstab', fileOffsetBytes: 0, extent: { offsetBytes: 65_536, lengthBytes: 4096 } }],
  }],
  checked: { ledgerRecords: 9, packs: 1, records: 2, chunks: 3, points: 2, readBytes: 1000 }, unreferenced: { chunks: 0, plainBytes: 0 },
};

test('damage carries the names of the contract', () => {
  expect(fsckJson(report)).toMatchObject({
    v: 1, clean: false,
    damage: [{
      machineId: 'a'.repeat(32), computer: 'web-1', pointId: 'b'.repeat(32), createdAt: '1970-01-01T00:00:00.000Z', diskId: 'sda', volumeId: 'sda/p2', offset: 65_536, length: 4096, diskOffset: 1_114_112, structure: 'chunk', files: [{ path: '/etc/fstab', offset: 0, volumeOffset: 65_536, length: 4096 }],
      detail: 'damaged in pack x at 100',
    }],
    findings: [{ severity: 'damage', code: 'PACK_RECORD_DAMAGED', path: 'packs/ac/x.pack', offset: 100, length: 50, detail: 'payload checksum' }],
  });
});

test('people read computer, point, volume, offset and length in one line', () => {
  const line = fsckText(report).split('\n').find((text) => text.startsWith('web-1'));
  for (const part of ['b'.repeat(32), 'sda/p2', '65536', '4096', '1114112', '/etc/fstab']) expect(line).toContain(part);
  expect(fsckText({ ...report, clean: true, damage: [], findings: [], affectedPoints: 0, readData: false })).toMatch(/^Clean: 2 restore points.*\nStructures only/);
});

test('thousands of ranges do not flood the terminal', () => {
  const damage = Array.from({ length: 5000 }, () => report.damage[0]).filter((entry) => entry !== undefined);
  const text = fsckText({ ...report, damage });
  expect(text.split('\n').length).toBeLessThan(70);
  expect(text).toContain('and 4950 more');
});
