import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endOf, MIB } from '@lifeboat/model';
import { openBlockReader } from '@lifeboat/block-device';
import { attachLoop, runTool, temporaryDirectory } from '@lifeboat/block-device/testing';
import { planDiskRestore } from '../plan/plan-disk-restore.js';
import type { DiskRestoreOptions, DiskRestorePlan } from '../plan/restore-plan.js';
import { inspectTarget } from '../target/inspect-target.js';
import { openRestoreTarget } from '../target/open-restore-target.js';
import { makeSampleDisk, MemoryPoint, MemoryVolumeSource, sampleDiskBytes, type MemoryDisk } from '../testing/index.js';
import { restoreDisk } from './restore-disk.js';
import type { RestoreProgress, RestoreReport } from './restore-report.js';
import { verifyDisk } from './verify-disk.js';

let disk: MemoryDisk;
let source: MemoryVolumeSource;
let point: MemoryPoint;
let directory: { path: string; remove: () => void };

beforeAll(async () => {
  disk = await makeSampleDisk();
  point = new MemoryPoint([disk]);
});
beforeEach(() => {
  source = new MemoryVolumeSource(point);
  directory = temporaryDirectory();
});
afterEach(() => { directory.remove(); });

const file = (name: string): string => join(directory.path, name);
const planFor = async (path: string, options: DiskRestoreOptions = { recreate: false }): Promise<DiskRestorePlan> =>
  planDiskRestore({ manifest: point.manifest, diskId: 'sda', target: await inspectTarget(path), options });

async function run(plan: DiskRestorePlan, onProgress?: (progress: RestoreProgress) => void, signal?: AbortSignal): Promise<RestoreReport> {
  const { writer, readsAsZeros } = await openRestoreTarget(plan);
  try {
    return await restoreDisk(plan, { source, writer, readsAsZeros, ...(onProgress ? { onProgress } : {}), ...(signal ? { signal } : {}) });
  } finally {
    await writer.close();
  }
}

/** The source as it comes back: unallocated bytes are zeros. */
function expectedBytes(): Buffer {
  const bytes = Buffer.from(disk.bytes);
  for (const extent of disk.unallocated ?? []) bytes.fill(0, extent.offsetBytes, endOf(extent));
  return bytes;
}

test('a new file becomes a sparse image, equal to the disk', async () => {
  writeFileSync(file('expected.img'), expectedBytes());
  const seen: RestoreProgress[] = [];
  const plan = await planFor(file('new.img'));
  const report = await run(plan, (progress) => seen.push(progress));
  execFileSync('cmp', [file('expected.img'), file('new.img')]);
  const allocatedBytes = statSync(file('new.img')).blocks * 512;
  expect(allocatedBytes).toBeLessThan(report.bytes.written + 2 * MIB);
  expect(allocatedBytes).toBeLessThan(sampleDiskBytes / 2);
  expect(report).toMatchObject({ mode: 'whole-image', damaged: [], unreadable: [], warnings: [] });
  expect(seen.at(-1)).toMatchObject({ doneBytes: report.bytes.written, totalBytes: report.bytes.written });
  runTool('sfdisk', ['--verify', file('new.img')]);
  const reader = await openBlockReader(file('new.img'));
  await expect(verifyDisk(plan, { source, reader, report })).resolves.toBeGreaterThan(report.bytes.written - 1);
  await reader.close();
});

test('reading back finds a byte that changed', async () => {
  const plan = await planFor(file('new.img'));
  const report = await run(plan);
  const bytes = readFileSync(file('new.img'));
  bytes[10 * MIB] = (bytes[10 * MIB] ?? 0) ^ 1;
  writeFileSync(file('new.img'), bytes);
  const reader = await openBlockReader(file('new.img'));
  await expect(verifyDisk(plan, { source, reader, report })).rejects.toMatchObject({ code: 'RESTORE_READ_BACK_MISMATCH', details: { rangeCount: 1 } });
  await reader.close();
});

test('a matching image keeps its other partitions byte for byte', async () => {
  const existing = Buffer.from(disk.bytes);
  existing.fill(0xee, MIB, 9 * MIB);
  existing.fill(0xdd, 9 * MIB, 39 * MIB);
  existing.fill(0xcc, 512 * 1024, MIB);
  writeFileSync(file('disk.img'), existing);
  const report = await run(await planFor(file('disk.img'), { recreate: false, volumes: ['sda/p2'], confirmation: 'disk.img' }));
  expect(report.mode).toBe('keep-layout');
  const expected = Buffer.from(existing);
  expected.set(disk.bytes.subarray(9 * MIB, 39 * MIB), 9 * MIB);
  for (const extent of disk.unallocated ?? []) expected.fill(0xdd, extent.offsetBytes, endOf(extent));
  expect(Buffer.compare(readFileSync(file('disk.img')), expected)).toBe(0);
});

test.each([
  { name: 'larger', sizeBytes: 100 * MIB },
  { name: 'smaller', sizeBytes: 45 * MIB },
])('a $name disk gets a table that fits it', async ({ sizeBytes }) => {
  writeFileSync(file('disk.img'), Buffer.alloc(sizeBytes, 0xaa));
  const report = await run(await planFor(file('disk.img'), { recreate: true, confirmation: 'disk.img' }));
  expect(report.mode).toBe('recreate-layout');
  const bytes = readFileSync(file('disk.img'));
  expect(bytes.length).toBe(sizeBytes);
  expect(Buffer.compare(bytes.subarray(MIB, 39 * MIB), expectedBytes().subarray(MIB, 39 * MIB))).toBe(0);
  expect(Buffer.compare(bytes.subarray(0, 440), disk.bytes.subarray(0, 440))).toBe(0);
  const dump = (path: string): string[] => runTool('sfdisk', ['--dump', path]).split('\n').filter((line) => /type=|label-id/.test(line)).map((line) => line.replace(/^\S+ : /, ''));
  writeFileSync(file('source.img'), disk.bytes);
  expect(dump(file('disk.img'))).toEqual(dump(file('source.img')));
  expect(runTool('sgdisk', ['-v', file('disk.img')])).toContain('No problems found');
});

test('a device is written with explicit zeros', async () => {
  writeFileSync(file('disk.img'), Buffer.alloc(sampleDiskBytes, 0xaa));
  const loop = attachLoop(file('disk.img'));
  try {
    const plan = await planFor(loop.path, { recreate: true, confirmation: loop.path.replace('/dev/', '') });
    expect(plan.target.kind).toBe('device');
    await run(plan);
    const expected = Buffer.from(disk.bytes);
    for (const extent of disk.unallocated ?? []) expected.fill(0xaa, extent.offsetBytes, endOf(extent));
    expect(Buffer.compare(readFileSync(loop.path), expected)).toBe(0);
  } finally {
    loop.detach();
  }
});

test('a lost chunk is listed exactly and zeroed, the rest is restored', async () => {
  const victims = (point.maps[2] ?? []).filter((entry) => entry.kind === 'data').slice(3, 5);
  for (const victim of victims) source.lost.add(victim.digest);
  const report = await run(await planFor(file('new.img')));
  const lost = { offsetBytes: victims[0]?.offsetBytes ?? 0, lengthBytes: 2 * 64 * 1024 };
  expect(report.damaged).toEqual([{ volumeId: 'sda/p2', ...lost, diskOffsetBytes: 9 * MIB + lost.offsetBytes }]);
  const expected = expectedBytes().fill(0, 9 * MIB + lost.offsetBytes, 9 * MIB + endOf(lost));
  expect(Buffer.compare(readFileSync(file('new.img')), expected)).toBe(0);
});

test('sectors that were unreadable at the source are listed', async () => {
  const bad = { offsetBytes: 10 * MIB, lengthBytes: 512 };
  source = new MemoryVolumeSource(new MemoryPoint([{ ...disk, unreadable: [bad] }]));
  const report = await run(await planFor(file('new.img')));
  expect(report.unreadable).toEqual([{ volumeId: 'sda/p2', offsetBytes: MIB, lengthBytes: 512, diskOffsetBytes: 10 * MIB }]);
});

test('a restore that breaks off leaves no partition table behind', async () => {
  writeFileSync(file('disk.img'), disk.bytes);
  const stop = new AbortController();
  const plan = await planFor(file('disk.img'), { recreate: true, confirmation: 'disk.img' });
  await expect(run(plan, (progress) => { if (progress.phase === 'sync') stop.abort(new RangeError('stopped')); }, stop.signal)).rejects.toThrow('stopped');
  expect(readFileSync(file('disk.img')).subarray(0, MIB).every((byte) => byte === 0)).toBe(true);
});

test('a refused plan touches nothing', async () => {
  writeFileSync(file('disk.img'), Buffer.alloc(sampleDiskBytes, 0xaa));
  const plan = await planFor(file('disk.img'), { recreate: true, confirmation: 'other.img' });
  await expect(run(plan)).rejects.toMatchObject({ code: 'TARGET_SERIAL_MISMATCH' });
  expect(readFileSync(file('disk.img')).every((byte) => byte === 0xaa)).toBe(true);
});
