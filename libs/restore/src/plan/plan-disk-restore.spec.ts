import fc from 'fast-check';
import { endOf, GIB, MIB, RestorePointManifest, type DiskLayout, type Partition } from '@lifeboat/model';
import { planDiskRestore } from './plan-disk-restore.js';
import type { DiskRestoreOptions, DiskRestorePlan, TargetFacts } from './restore-plan.js';

const linux = '0FC63DAF-8483-4772-8E79-3D69D8477DE4';
const guid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** Partitions of the given sizes, one behind the other from 1 MiB on. */
function layoutOf(sizesBytes: readonly number[], options: Partial<DiskLayout> = {}): DiskLayout {
  let at = MIB;
  const partitions = sizesBytes.map((lengthBytes, index): Partition => {
    const partition = { number: index + 1, offsetBytes: at, lengthBytes, type: linux, guid: guid(index + 1), name: '', attributes: '0000000000000000', logical: false };
    at += lengthBytes;
    return partition;
  });
  return { sizeBytes: at + MIB, logicalSectorBytes: 512, physicalSectorBytes: 512, table: 'gpt', tableId: guid(0), partitions, tableSectors: [], warnings: [], ...options };
}

function manifestOf(layout: DiskLayout): RestorePointManifest {
  const counts = { dataBytes: 0, zeroBytes: 0, unallocatedBytes: 0, unreadableBytes: 0 };
  const volume = { filesystem: 'unknown', label: null, uuid: null, cutter: 'fixed', tracker: 'none', consistency: 'offline', state: 'good', mapRoot: '0'.repeat(64), counts, warnings: [] };
  const outside = { ...volume, volumeId: 'sda/outside', role: 'outside-partitions', partitionNumber: null, offsetBytes: 0, lengthBytes: layout.sizeBytes };
  const parts = layout.partitions.map((partition) => ({ ...volume, volumeId: `sda/p${String(partition.number)}`, role: 'partition', partitionNumber: partition.number, offsetBytes: partition.offsetBytes, lengthBytes: partition.lengthBytes }));
  return RestorePointManifest.parse({
    v: 1, pointId: '1'.repeat(32), machineId: '2'.repeat(32), computerName: 'pc', createdAtMs: 1, agentStartedAtMs: 1, durationMs: 1, agentVersion: '0', os: { platform: 'linux', release: '', hostname: '' },
    kind: 'full', basePointId: null, consistency: 'offline', state: 'good', bytes: { source: 0, used: 0, read: 0, changed: 0, sent: 0, stored: 0 },
    disks: [{ facts: { diskId: 'sda', path: '/dev/sda', kind: 'device', model: null, serial: 'S1' }, layout, volumes: [outside, ...parts] }],
  });
}

const targetOf = (layout: DiskLayout | null, facts: Partial<TargetFacts> = {}): TargetFacts => ({
  path: '/dev/sdb', exists: true, kind: 'device', identity: 'SERIAL-B', sizeBytes: layout?.sizeBytes ?? 0, logicalSectorBytes: layout?.logicalSectorBytes ?? 512, layout, usedBy: [], ...facts,
});
const plan = (source: DiskLayout, target: TargetFacts, options: DiskRestoreOptions = { recreate: false }): DiskRestorePlan => planDiskRestore({ manifest: manifestOf(source), diskId: 'sda', target, options });

const source = layoutOf([10 * MIB, 20 * MIB, 30 * MIB]);
const other = layoutOf([20 * MIB, 20 * MIB, 20 * MIB]);

describe('planDiskRestore', () => {
  test('keeps a layout that matches and leaves what was not chosen', () => {
    const result = plan(source, targetOf(source), { recreate: false, volumes: ['sda/p2'] });
    expect(result).toMatchObject({ mode: 'keep-layout', refusal: null, rewriteTable: false });
    expect(result.volumes).toEqual([{ number: 2, volumeId: 'sda/p2', role: 'partition', diskOffsetBytes: 11 * MIB, lengthBytes: 20 * MIB }]);
    expect(result.before.map(({ fate }) => fate)).toEqual(['kept', 'overwritten', 'kept']);
    expect(result.erased.map(({ number }) => number)).toEqual([2]);
  });

  test('recreates with leave even where the layout matches', () => {
    expect(plan(source, targetOf(source), { recreate: true })).toMatchObject({ mode: 'recreate-layout', refusal: null, rewriteTable: false });
  });

  test('another partition GUID matches, with a warning', () => {
    const target = { ...source, partitions: source.partitions.map((partition) => ({ ...partition, guid: guid(99) })) };
    const result = plan(source, targetOf(target));
    expect(result.mode).toBe('keep-layout');
    expect(result.warnings.map(({ code }) => code)).toEqual(['PARTITION_GUID_DIFFERS', 'PARTITION_GUID_DIFFERS', 'PARTITION_GUID_DIFFERS']);
  });

  test.each([
    { name: 'other sizes', target: targetOf(other), code: 'LAYOUT_DIFFERS' },
    { name: 'other table', target: targetOf({ ...source, table: 'mbr' }), code: 'LAYOUT_DIFFERS' },
    { name: 'no layout', target: targetOf(null, { sizeBytes: GIB }), code: 'LAYOUT_DIFFERS' },
    { name: 'other sectors', target: targetOf({ ...source, logicalSectorBytes: 4096 }), code: 'SECTOR_SIZE_DIFFERS', recreate: true },
    { name: 'mounted', target: targetOf(source, { usedBy: ['/dev/sdb1 is mounted at /srv'] }), code: 'TARGET_MOUNTED' },
    { name: 'too small', target: targetOf(layoutOf([MIB])), code: 'TARGET_TOO_SMALL', recreate: true },
    { name: 'not confirmed', target: targetOf(source), code: 'TARGET_NOT_CONFIRMED', confirmation: null },
    { name: 'wrong serial', target: targetOf(source), code: 'TARGET_SERIAL_MISMATCH', confirmation: 'SERIAL-A' },
    { name: 'unknown volume', target: targetOf(source), code: 'VOLUME_NOT_IN_POINT', volumes: ['sda/p9'] },
  ])('refuses: $name', ({ target, code, recreate = false, ...options }) => {
    expect(plan(source, target, { recreate, ...options }).refusal).toMatchObject({ code, remedy: expect.stringMatching(/\.$/) });
  });

  test('names the fit of a smaller disk: the end of the data counts, not the size', () => {
    const roomy = layoutOf([10 * MIB], { sizeBytes: GIB });
    const small = targetOf(layoutOf([2 * MIB], { sizeBytes: 12 * MIB }));
    expect(plan(roomy, small, { recreate: true })).toMatchObject({ refusal: null, rewriteTable: true, targetSizeBytes: 12 * MIB });
    expect(plan(roomy, { ...small, sizeBytes: 11 * MIB }, { recreate: true }).refusal?.code).toBe('TARGET_TOO_SMALL');
  });

  test('a new file becomes a whole image without any confirmation', () => {
    const result = plan(source, targetOf(null, { kind: 'new-image', exists: false, path: '/tmp/new.img', identity: 'new.img' }), { recreate: false, confirmation: null });
    expect(result).toMatchObject({ mode: 'whole-image', refusal: null, targetSizeBytes: source.sizeBytes });
    expect(result.volumes.at(-1)?.role).toBe('outside-partitions');
  });
});

const sizes = fc.array(fc.integer({ min: 1, max: 64 }).map((count) => count * MIB), { minLength: 1, maxLength: 8 });
const arbLayout = fc.record({ sizesBytes: sizes, slackBytes: fc.integer({ min: 0, max: 50 }).map((count) => count * MIB) })
  .map(({ sizesBytes, slackBytes }) => { const layout = layoutOf(sizesBytes); return { ...layout, sizeBytes: layout.sizeBytes + slackBytes }; });

describe('planDiskRestore for any source and target', () => {
  test('an accepted plan writes each chosen volume once, at its place, inside the target, and never mixes', () => {
    fc.assert(
      fc.property(fc.record({ from: arbLayout, onTarget: fc.oneof(fc.constant(null), arbLayout), recreate: fc.boolean(), pick: fc.nat() }), ({ from, onTarget, recreate, pick }) => {
        const target = onTarget ?? from;
        const wanted = `sda/p${String((pick % from.partitions.length) + 1)}`;
        const result = plan(from, targetOf(target), { recreate, volumes: [wanted] });
        if (!recreate && result.mode === 'recreate-layout') expect(result.refusal).not.toBeNull();
        if (result.refusal) return;
        expect(result.volumes.filter((volume) => volume.volumeId === wanted)).toHaveLength(1);
        for (const volume of result.volumes) expect(volume.diskOffsetBytes + volume.lengthBytes).toBeLessThanOrEqual(result.targetSizeBytes);
        const kept = result.before.filter(({ fate }) => fate === 'kept').map(({ partition }) => partition);
        for (const volume of result.volumes) {
          for (const partition of kept) expect(volume.diskOffsetBytes >= endOf(partition) || volume.diskOffsetBytes + volume.lengthBytes <= partition.offsetBytes).toBe(true);
        }
        expect(result.before.map(({ partition }) => partition.number).sort()).toEqual(target.partitions.map(({ number }) => number).sort());
        expect(result.steps.every((step) => step.reason.length > 0)).toBe(true);
      }),
    );
  });

  test('a target below the end of the data is refused whatever the options', () => {
    fc.assert(
      fc.property(arbLayout, fc.nat({ max: 100 }), (from, missing) => {
        const end = Math.max(...from.partitions.map(endOf));
        const target = targetOf(layoutOf([MIB]), { sizeBytes: Math.max(0, end - 1 - missing) });
        expect(plan(from, target, { recreate: true }).refusal?.code).toBe('TARGET_TOO_SMALL');
      }),
    );
  });
});
