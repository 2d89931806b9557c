import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool, temporaryDirectory } from '@lifeboat/block-device/testing';
import { type Extent, endOf, intersectExtents, mergeExtents, totalBytes } from '@lifeboat/model';
import fc from 'fast-check';
import { readUsedExtents } from '../read-used-extents.js';
import { hashTree, noise } from '../testing/busy-tree.js';
import { bytesOf, copyUsed, deviceOf, patchFile, sparseFile, usedOf } from '../testing/image-file.js';
import { madeDirectory } from '../testing/mounted-volume.js';
import { judge } from '../testing/over-report.js';
import { parseFatBoot } from './fat-geometry.js';

const MIB = 1024 * 1024;
const directory = temporaryDirectory();
const image = join(directory.path, 'volume.img');
const copy = join(directory.path, 'copy.img');
afterAll(() => {
  directory.remove();
});

let tree = '';
beforeAll(() => {
  tree = madeDirectory(directory.path, 'tree');
  for (let file = 0; file < 60; file += 1) {
    const folder = madeDirectory(tree, file % 2 === 0 ? 'even' : 'odd', `Ordner ${String(file % 5)}`);
    writeFileSync(join(folder, `long name of file ${String(file)}.txt`), noise(`fat ${String(file)}`, (file * 1711) % 15_000));
  }
  writeFileSync(join(directory.path, 'one'), noise('one', 90_000));
  writeFileSync(join(directory.path, 'two'), noise('two', 250_000));
});

/** A volume with files in pieces: what was written first is deleted and its room used again. */
function fill(): void {
  for (let round = 0; round < 5; round += 1) for (const name of ['a', 'b']) runTool('mcopy', ['-i', image, join(directory.path, 'one'), `::/${name}${String(round)}.dat`]);
  runTool('mcopy', ['-s', '-i', image, ...['even', 'odd'].map((name) => join(tree, name)), '::/']);
  for (let round = 0; round < 5; round += 1) runTool('mdel', ['-i', image, `::/a${String(round)}.dat`]);
  runTool('mcopy', ['-i', image, join(directory.path, 'two'), '::/pieces.dat']);
  runTool('mcopy', ['-i', image, join(directory.path, 'two'), '::/more.dat']);
}

function extracted(path: string): Map<string, string> {
  const target = join(directory.path, `out-${String(Math.random()).slice(2)}`);
  madeDirectory(target);
  runTool('mcopy', ['-s', '-n', '-i', path, '::/', target]);
  return hashTree(target);
}

/** Clusters of all files and directories as mtools, which shares no code with us, lists them. */
function judgedClusters(path: string): [number, number][] {
  const names = runTool('mdir', ['-i', path, '-/', '-b', '::']).split('\n').filter((name) => name !== '');
  const text = runTool('mshowfat', ['-i', path, ...names.map((name) => name.replace(/\/$/, ''))]);
  return [...text.matchAll(/<(\d+)(?:-(\d+))?>/g)].map(([, first, last]) => [Number(first), Number(last ?? first)]);
}

const variants = [
  { name: 'FAT12, 512-byte clusters', args: ['-F', '12', '-s', '1'], sizeKib: 2000 },
  { name: 'FAT12, 4 KiB clusters', args: ['-F', '12', '-s', '8'], sizeKib: 12_000 },
  { name: 'FAT12, floppy-like with one table', args: ['-F', '12', '-f', '1', '-s', '2', '-r', '512'], sizeKib: 3800 },
  { name: 'FAT16, 2 KiB clusters', args: ['-F', '16', '-s', '4'], sizeKib: 40_000 },
  { name: 'FAT16, 16 KiB clusters', args: ['-F', '16', '-s', '32'], sizeKib: 200_000 },
  { name: 'FAT32, 512-byte clusters', args: ['-F', '32', '-s', '1'], sizeKib: 40_000 },
  { name: 'FAT32, 4 KiB clusters', args: ['-F', '32', '-s', '8'], sizeKib: 290_000 },
  { name: 'FAT32, 4 KiB sectors', args: ['-F', '32', '-S', '4096', '-s', '1'], sizeKib: 280_000 },
];

test.each(variants)('$name: used bytes are those of mtools, their number that of fsck.fat', async ({ name, args, sizeKib }) => {
  runTool('mkfs.vfat', [...args, '-n', 'STICK', sparseFile(image, sizeKib * 1024)]);
  fill();
  const found = await usedOf(image);
  expect(found).toMatchObject({ filesystem: name.slice(0, 5).toLowerCase(), label: 'STICK', mode: 'bitmap', clean: true, warnings: [], overReportedBytes: 0 });
  const sizeBytes = statSync(image).size;
  const boot = bytesOf(image, 0, 512);
  const geometry = parseFatBoot(boot, sizeBytes);
  if (typeof geometry === 'string') throw new TypeError(geometry);
  const { clusterBytes, dataOffsetBytes, clusterCount } = geometry;
  const data: Extent = { offsetBytes: dataOffsetBytes, lengthBytes: clusterCount * clusterBytes };
  const [, used, total] = (/(\d+)\/(\d+) clusters/.exec(runTool('fsck.fat', ['-nv', image])) ?? []).map(Number);
  expect(total).toBe(clusterCount);
  expect(totalBytes(intersectExtents(found.used, [data]))).toBe((used ?? 0) * clusterBytes);
  const truth = mergeExtents(judgedClusters(image).map(([first, last]) => ({ offsetBytes: dataOffsetBytes + (first - 2) * clusterBytes, lengthBytes: (last - first + 1) * clusterBytes })));
  // The root directory of FAT32 has clusters that mtools does not list.
  const root = boot.readUInt16LE(22) === 0 ? [{ offsetBytes: dataOffsetBytes + (boot.readUInt32LE(44) - 2) * clusterBytes, lengthBytes: clusterBytes * 8 }] : [];
  const exempt = [{ offsetBytes: 0, lengthBytes: dataOffsetBytes }, { offsetBytes: endOf(data), lengthBytes: sizeBytes - endOf(data) }, ...root];
  const judged = judge(name, found, { truth, sizeBytes, exempt: mergeExtents(exempt) });
  expect(judged.missingBytes).toBe(0);
  expect(judged.overPercent).toBeLessThan(1);
  copyUsed(image, copy, found.used);
  runTool('fsck.fat', ['-n', copy]);
  const before = extracted(image);
  expect(extracted(copy)).toEqual(before);
  expect(before.size).toBe(67);
}, 30_000);

test('a FAT32 with few clusters is read as fsck.fat reads it', async () => {
  runTool('mkfs.vfat', ['-F', '32', '-n', 'WENIG', sparseFile(image, 20 * MIB)]);
  const found = await usedOf(image);
  expect(found).toMatchObject({ filesystem: 'fat32', mode: 'bitmap', clean: true });
  copyUsed(image, copy, found.used);
  expect(runTool('fsck.fat', ['-nv', copy]).split('\n').at(-2)).toBe(runTool('fsck.fat', ['-nv', image]).split('\n').at(-2)?.replace(image, copy));
});

test('clusters marked as bad are not read', async () => {
  runTool('mkfs.vfat', ['-F', '16', sparseFile(image, 20 * MIB)]);
  const before = totalBytes((await usedOf(image)).used);
  const boot = bytesOf(image, 0, 512);
  patchFile(image, boot.readUInt16LE(14) * 512 + 2 * 1000, Buffer.from([0xf7, 0xff]));
  expect(totalBytes((await usedOf(image)).used)).toBe(before);
});

describe('what is not clean is said so', () => {
  test.each([
    { name: 'Linux, FAT32', args: ['-F', '32'], at: () => 0x41, bytes: [1], code: 'FS_NOT_CLEANLY_UNMOUNTED' },
    { name: 'Linux, FAT16', args: ['-F', '16'], at: () => 0x25, bytes: [1], code: 'FS_NOT_CLEANLY_UNMOUNTED' },
    { name: 'Windows, FAT32', args: ['-F', '32'], at: (boot: Buffer) => boot.readUInt16LE(14) * 512 + 7, bytes: [0x07], code: 'FS_NOT_CLEANLY_UNMOUNTED' },
    { name: 'Windows, FAT16', args: ['-F', '16'], at: (boot: Buffer) => boot.readUInt16LE(14) * 512 + 3, bytes: [0x7f], code: 'FS_NOT_CLEANLY_UNMOUNTED' },
    { name: 'Windows met errors, FAT32', args: ['-F', '32'], at: (boot: Buffer) => boot.readUInt16LE(14) * 512 + 7, bytes: [0x0b], code: 'FS_HAS_ERRORS' },
  ])('$name', async ({ args, at, bytes, code }) => {
    runTool('mkfs.vfat', [...args, sparseFile(image, 40 * MIB)]);
    patchFile(image, at(bytesOf(image, 0, 512)), Buffer.from(bytes));
    expect(await usedOf(image)).toMatchObject({ clean: false, uncleanReason: { code } });
  });
});

describe('damage', () => {
  // Large enough that the tables reach beyond the bytes in which signatures are looked for.
  let bytes: Buffer;
  beforeAll(() => {
    runTool('mkfs.vfat', ['-F', '16', '-s', '1', sparseFile(image, 20 * MIB)]);
    fill();
    bytes = readFileSync(image);
  });
  const table = (): number => bytes.readUInt16LE(14) * 512;

  test('one of two tables is unreadable: the other one serves', async () => {
    const intact = await readUsedExtents(deviceOf(bytes));
    const device = deviceOf(bytes);
    device.failReads([{ offsetBytes: 72 * 1024, lengthBytes: 512 }]);
    expect((await readUsedExtents(device)).used).toEqual(intact.used);
  });

  test('both tables are unreadable: everything is used', async () => {
    const device = deviceOf(bytes);
    device.failReads([{ offsetBytes: 72 * 1024, lengthBytes: 70 * 1024 }]);
    expect(await readUsedExtents(device)).toMatchObject({ warnings: [{ code: 'FS_GROUP_DAMAGED' }], used: [{ offsetBytes: 0, lengthBytes: 20 * MIB }] });
  });

  test('a table of zeros is not believed', async () => {
    const device = deviceOf(bytes);
    device.patch(Buffer.alloc(4096), table());
    expect(await readUsedExtents(device)).toMatchObject({ mode: 'all-non-zero', warnings: [{ code: 'FS_MAP_DAMAGED' }] });
  });

  test('a cluster free in one table only is used', async () => {
    const intact = await readUsedExtents(deviceOf(bytes));
    const device = deviceOf(bytes);
    device.patch(Buffer.alloc(64), table() + 64);
    expect((await readUsedExtents(device)).used).toEqual(intact.used);
  });

  test('arbitrary bytes in the boot sector: no crash, no hang, nothing outside the volume', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 11, max: 90 }), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 0x80, 0xff))), { minLength: 1, maxLength: 6 }), async (pokes) => {
        const device = deviceOf(bytes);
        for (const [at, value] of pokes) device.patch(Buffer.from([value]), at);
        const found = await readUsedExtents(device);
        expect(endOf(found.used.at(-1) ?? { offsetBytes: 0, lengthBytes: 0 })).toBeLessThanOrEqual(20 * MIB);
        expect(device.reads.length).toBeLessThan(1000);
      }),
      { numRuns: 40 },
    );
  });
});
