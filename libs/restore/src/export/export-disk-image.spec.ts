import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endOf, GIB, MIB } from '@lifeboat/model';
import { temporaryDirectory } from '@lifeboat/block-device/testing';
import type { DiskImage } from '../image/disk-image.js';
import { openDiskImage } from '../image/open-disk-image.js';
import type { RestoreProgress } from '../run/restore-report.js';
import { makeSampleDisk, MemoryPoint, MemoryVolumeSource, sampleDiskBytes, type MemoryDisk } from '../testing/index.js';
import { exportDiskImage, type ExportFormat } from './export-disk-image.js';

let disk: MemoryDisk;
let point: MemoryPoint;
let source: MemoryVolumeSource;
let directory: { path: string; remove: () => void };
let expected: Buffer;
const image = (): DiskImage => openDiskImage(source, { diskId: 'sda' });
const file = (name: string): string => join(directory.path, name);
const qemuImg = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8' });

beforeAll(async () => {
  disk = await makeSampleDisk();
  point = new MemoryPoint([disk]);
  expected = Buffer.from(disk.bytes);
  for (const extent of disk.unallocated ?? []) expected.fill(0, extent.offsetBytes, endOf(extent));
});
beforeEach(() => {
  source = new MemoryVolumeSource(point);
  directory = temporaryDirectory();
  writeFileSync(file('expected.img'), expected);
});
afterEach(() => { directory.remove(); });

const formats: { format: ExportFormat; driver: string }[] = [{ format: 'qcow2', driver: 'qcow2' }, { format: 'vhd', driver: 'vpc' }, { format: 'vhdx', driver: 'vhdx' }, { format: 'vmdk', driver: 'vmdk' }];

test.each(formats)('$format holds the disk exactly, in little space, and is verified', async ({ format, driver }) => {
  const seen: RestoreProgress[] = [];
  const target = file(`disk of sda, 100% "${format}"`);
  const report = await exportDiskImage(image(), { format, targetPath: target, verify: true, onProgress: (progress) => seen.push(progress) });
  expect(qemuImg('compare', '-f', 'raw', '-F', driver, file('expected.img'), `file:${target}`)).toContain('Images are identical');
  if (format !== 'vhd') qemuImg('check', '-f', driver, `file:${target}`);
  expect((JSON.parse(qemuImg('info', '--output=json', '-f', driver, `file:${target}`)) as Record<string, unknown>)['virtual-size']).toBe(sampleDiskBytes);
  const data = point.chunks.size * 64 * 1024;
  expect(report).toMatchObject({ format, targetPath: target, damaged: [], unreadable: [], warnings: [], verifiedBytes: sampleDiskBytes, fileBytes: statSync(target).size });
  expect(report.bytes.written + report.bytes.zeroed + report.bytes.unallocated).toBe(sampleDiskBytes);
  expect(report.bytes.written).toBeLessThan(data + MIB);
  expect(statSync(target).blocks * 512).toBeLessThan(data + 8 * MIB);
  expect(seen.map((progress) => progress.phase)).toEqual(expect.arrayContaining(['write', 'verify']));
  expect(seen.at(-1)).toMatchObject({ doneBytes: report.bytes.written, totalBytes: report.bytes.written });
  expect(readdirSync(directory.path).sort()).toEqual([`disk of sda, 100% "${format}"`, 'expected.img']);
});

test('what is lost becomes zeros and is listed exactly', async () => {
  const victims = (point.maps[2] ?? []).filter((entry) => entry.kind === 'data').slice(3, 5);
  const first = victims[0]?.offsetBytes ?? 0;
  const bad = { offsetBytes: 10 * MIB, lengthBytes: 512 };
  source = new MemoryVolumeSource(new MemoryPoint([{ ...disk, unreadable: [bad] }]));
  for (const victim of victims) source.lost.add(victim.digest);
  const report = await exportDiskImage(image(), { format: 'qcow2', targetPath: file('disk.qcow2') });
  expect(report.damaged).toEqual([{ volumeId: 'sda/p2', offsetBytes: first, lengthBytes: 2 * 64 * 1024, diskOffsetBytes: 9 * MIB + first }]);
  expect(report.unreadable).toEqual([{ volumeId: 'sda/p2', offsetBytes: MIB, lengthBytes: 512, diskOffsetBytes: 10 * MIB }]);
  writeFileSync(file('holed.img'), Buffer.from(expected).fill(0, 9 * MIB + first, 9 * MIB + first + 2 * 64 * 1024).fill(0, 10 * MIB, 10 * MIB + 512));
  expect(qemuImg('compare', '-f', 'raw', '-F', 'qcow2', file('holed.img'), file('disk.qcow2'))).toContain('Images are identical');
});

test('stopping in the middle leaves nothing behind, and what was at the target stays', async () => {
  const stop = new AbortController();
  writeFileSync(file('disk.qcow2'), 'precious');
  source.readChunks = () => {
    stop.abort(new RangeError('stopped by a person'));
    return new Promise(() => undefined);
  };
  await expect(exportDiskImage(image(), { format: 'qcow2', targetPath: file('disk.qcow2'), replace: true, signal: stop.signal })).rejects.toThrow('stopped by a person');
  expect(readFileSync(file('disk.qcow2'), 'utf8')).toBe('precious');
  expect(readdirSync(directory.path)).toEqual(['disk.qcow2', 'expected.img']);
});

test('a source that cannot be read is the error that is told', async () => {
  source.readChunks = () => Promise.reject(new RangeError('no connection'));
  await expect(exportDiskImage(image(), { format: 'vhdx', targetPath: file('disk.vhdx') })).rejects.toThrow('no connection');
  expect(readdirSync(directory.path)).toEqual(['expected.img']);
});

test('an image that reads differently from what was written is not kept', async () => {
  let verifying = false;
  const real = image();
  const fickle: DiskImage = {
    ...real, disk: real.disk, sizeBytes: real.sizeBytes, logicalSectorBytes: 512, cachedBytes: 0, readStatus: (range) => real.readStatus(range), close: () => real.close(), readFully: (target, at) => real.readFully(target, at),
    readRuns: async (range) => (await real.readRuns(range)).map((run) => (verifying && run.kind === 'data' ? { ...run, bytes: run.bytes.map((byte) => byte ^ 1) } : run)),
  };
  const exporting = exportDiskImage(fickle, { format: 'qcow2', targetPath: file('disk.qcow2'), verify: true, onProgress: ({ doneBytes, totalBytes }) => { verifying ||= doneBytes === totalBytes; } });
  await expect(exporting).rejects.toMatchObject({ code: 'EXPORT_MISMATCH' });
  expect(readdirSync(directory.path)).toEqual(['expected.img']);
});

test.each([
  { name: 'a file that exists', make: (target: string) => { writeFileSync(target, 'x'); }, code: 'EXPORT_TARGET_UNUSABLE' },
  { name: 'a folder', make: (target: string) => { mkdirSync(target); }, code: 'EXPORT_TARGET_UNUSABLE' },
])('$name is refused', async ({ make, code }) => {
  make(file('target'));
  await expect(exportDiskImage(image(), { format: 'vmdk', targetPath: file('target') })).rejects.toMatchObject({ code });
});

test('without qemu-img the export says what to install', async () => {
  const missing = exportDiskImage(image(), { format: 'vmdk', targetPath: file('disk.vmdk'), qemuImg: 'lifeboat-no-such-program' });
  await expect(missing).rejects.toMatchObject({ code: 'EXPORT_TOOL_MISSING', remedy: expect.stringContaining('qemu-utils') });
});

test('a folder that cannot be written, and a disk larger than VHD can say, are told', async () => {
  await expect(exportDiskImage(image(), { format: 'vhd', targetPath: file('missing/disk.vhd') })).rejects.toMatchObject({ code: 'EXPORT_FAILED', details: { said: expect.stringContaining('No such file or directory') } });
  const huge = Object.create(image(), { sizeBytes: { value: 2041 * GIB } }) as DiskImage;
  await expect(exportDiskImage(huge, { format: 'vhd', targetPath: file('disk.vhd') })).rejects.toMatchObject({ code: 'EXPORT_TOO_LARGE' });
});
