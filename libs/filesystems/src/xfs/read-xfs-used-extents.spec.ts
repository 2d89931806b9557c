import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MemoryBlockDevice, runTool, temporaryDirectory } from '@lifeboat/block-device/testing';
import { type Extent, clipExtents, endOf, intersectExtents, invertExtents, mergeExtents, totalBytes } from '@lifeboat/model';
import fc from 'fast-check';
import { readUsedExtents } from '../read-used-extents.js';
import { hashTree, noise, writeBusyTree } from '../testing/busy-tree.js';
import { copyUsed, deviceOf, patchFile, sparseFile, usedOf } from '../testing/image-file.js';
import { madeDirectory, whileMounted } from '../testing/mounted-volume.js';
import { judge } from '../testing/over-report.js';

const MIB = 1024 * 1024;
const directory = temporaryDirectory();
const image = join(directory.path, 'volume.img');
const copy = join(directory.path, 'copy.img');
afterAll(() => {
  directory.remove();
});

/** The option lets mkfs make small filesystems, which is enough for a test. */
function makeXfs(args: readonly string[], sizeBytes: number): void {
  runTool('mkfs.xfs', ['-q', '-f', '--unsupported', '-L', 'xfs', ...args, sparseFile(image, sizeBytes)]);
}

/** Used bytes by xfs_db, which lists free runs with the few blocks set aside for the btrees. */
function judgedUsed(path: string, sizeBytes: number): { used: Extent[]; aside: Extent[] } {
  const [blockBytes, groupBlocks, blocks] = runTool('xfs_db', ['-r', '-c', 'sb 0', '-c', 'p blocksize agblocks dblocks', path]).match(/\d+$/gm)?.map(Number) ?? [];
  const free: Extent[] = [];
  for (const [, group, block, length] of runTool('xfs_db', ['-r', '-c', 'freesp -d', path]).matchAll(/^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/gm)) {
    free.push({ offsetBytes: (Number(group) * (groupBlocks ?? 0) + Number(block)) * (blockBytes ?? 0), lengthBytes: Number(length) * (blockBytes ?? 0) });
  }
  const end = (blocks ?? 0) * (blockBytes ?? 0);
  return { used: mergeExtents([...invertExtents(mergeExtents(free), end), { offsetBytes: end, lengthBytes: sizeBytes - end }]), aside: freeLists(path, { blockBytes: blockBytes ?? 0, groupBlocks: groupBlocks ?? 0 }) };
}

function freeLists(path: string, sizes: { blockBytes: number; groupBlocks: number }): Extent[] {
  const groups = Number(/\d+$/m.exec(runTool('xfs_db', ['-r', '-c', 'sb 0', '-c', 'p agcount', path]))?.[0]);
  const lists: Extent[] = [];
  for (let group = 0; group < groups; group += 1) {
    const text = runTool('xfs_db', ['-r', '-c', `agf ${String(group)}`, '-c', 'p flfirst fllast flcount', '-c', `agfl ${String(group)}`, '-c', 'p bno', path]);
    for (const [, block] of text.slice(text.indexOf('bno[')).matchAll(/\d+:(\d+)/g)) lists.push({ offsetBytes: (group * sizes.groupBlocks + Number(block)) * sizes.blockBytes, lengthBytes: sizes.blockBytes });
  }
  return mergeExtents(lists);
}

/** Shared and unshared copies, and enough single blocks that the free space is scattered. */
function liveOn(root: string, options: { reflink: boolean; fillUp: boolean }): void {
  writeBusyTree(root, { rounds: 12, smallFiles: 250, fillUp: options.fillUp });
  if (!options.reflink) return;
  runTool('cp', ['--reflink=always', join(root, 'big'), join(root, 'big-shared')]);
  runTool('cp', ['--reflink=always', join(root, 'twin-a'), join(root, 'twin-shared')]);
  patchFile(join(root, 'big-shared'), 100_000, noise('unshared', 50_000));
  const folder = madeDirectory(root, 'crowded');
  for (let file = 0; file < 400; file += 1) writeFileSync(join(folder, `name ${String(file)}`), 'x');
}

const variants = [
  { name: 'XFS v5 as made by default, reflinked files', args: [], sizeMib: 320, reflink: true },
  { name: 'XFS v5, reverse map, 8 groups', args: ['-m', 'rmapbt=1', '-d', 'agcount=8'], sizeMib: 128, reflink: true },
  { name: 'XFS v5, 1 KiB blocks, 16 groups', args: ['-b', 'size=1024', '-d', 'agcount=16'], sizeMib: 256, reflink: true },
  { name: 'XFS v5, without sparse inodes and reflink', args: ['-i', 'sparse=0', '-m', 'reflink=0,finobt=0'], sizeMib: 64, reflink: false },
  { name: 'XFS v5, 4 KiB sectors', args: ['-s', 'size=4096'], sizeMib: 64, reflink: true },
  { name: 'XFS v5, nearly full', args: [], sizeMib: 64, reflink: true, fillUp: true },
  { name: 'XFS v5, volume larger than the filesystem', args: ['-d', 'size=60m'], sizeMib: 64, reflink: true },
] as const;

test.each(variants)('$name: used bytes are those of xfs_db, and a copy of them holds the same files', async (variant) => {
  makeXfs(variant.args, variant.sizeMib * MIB);
  const before = whileMounted(image, (root) => {
    liveOn(root, { reflink: variant.reflink, fillUp: 'fillUp' in variant });
    return hashTree(root);
  });
  const found = await usedOf(image);
  expect(found).toMatchObject({ filesystem: 'xfs', label: 'xfs', mode: 'bitmap', clean: true, uncleanReason: null, warnings: [], overReportedBytes: 0 });
  const sizeBytes = statSync(image).size;
  const truth = judgedUsed(image, sizeBytes);
  const judged = judge(variant.name, found, { truth: truth.used, sizeBytes });
  expect(judged.missingBytes).toBe(0);
  expect(judged.overPercent).toBeLessThan(1);
  // All that is kept in vain are blocks set aside for the btrees.
  expect(judge(`${variant.name} + set aside`, found, { truth: truth.used, sizeBytes, exempt: truth.aside }).superfluousBytes).toBe(0);
  copyUsed(image, copy, found.used);
  runTool('xfs_repair', ['-n', copy]);
  expect(whileMounted(copy, (root) => hashTree(root))).toEqual(before);
}, 60_000);

/** Newer kernels do not mount version 4: mkfs fills it, and the checks read it. */
test.each([
  { name: 'XFS v4', args: ['-m', 'crc=0'] },
  { name: 'XFS v4, 512-byte blocks, 4 groups', args: ['-m', 'crc=0', '-b', 'size=512', '-d', 'agcount=4'] },
])('$name: used bytes are those of xfs_db, and a copy of them is the same filesystem', async ({ name, args }) => {
  const big = join(directory.path, 'big');
  writeFileSync(big, noise('v4', 5_000_000));
  const prototype = join(directory.path, 'prototype');
  const files = Array.from({ length: 80 }, (_, file) => `name${String(file)} ---644 0 0 ${file % 20 === 0 ? big : prototype}`);
  writeFileSync(prototype, `/boot\n0 0\nd--755 0 0\n${files.join('\n')}\n$\n`);
  makeXfs([...args, '-p', prototype], 64 * MIB);
  const found = await usedOf(image);
  expect(found).toMatchObject({ mode: 'bitmap', clean: true, warnings: [], overReportedBytes: 0 });
  const truth = judgedUsed(image, 64 * MIB);
  const judged = judge(name, found, { truth: truth.used, sizeBytes: 64 * MIB, exempt: truth.aside });
  expect(judged).toMatchObject({ missingBytes: 0, superfluousBytes: 0 });
  expect(judged.usedBytes).toBeGreaterThan(20_000_000);
  copyUsed(image, copy, found.used);
  runTool('xfs_repair', ['-n', copy]);
}, 30_000);

describe('what is not clean is said so', () => {
  test('a mounted filesystem, one copied frozen, and one whose computer stopped', async () => {
    makeXfs([], 64 * MIB);
    const crashed = join(directory.path, 'crashed.img');
    for (let round = 0; round < 3; round += 1) {
      whileMounted(image, (root) => {
        writeBusyTree(root, { smallFiles: 100, rounds: 4, links: false });
        runTool('sync', ['-f', root]);
        copyFileSync(image, crashed);
      });
      expect(await usedOf(crashed)).toMatchObject({ clean: false, uncleanReason: { code: 'FS_NEEDS_RECOVERY' } });
      expect(await usedOf(image)).toMatchObject({ clean: true });
    }
  }, 30_000);

  test('a log whose rest is left from earlier rounds: as xfs_logprint says', async () => {
    makeXfs([], 64 * MIB);
    runTool('xfs_db', ['-x', '-c', 'logformat -c 7', image]);
    expect(await usedOf(image)).toMatchObject({ clean: true });
    const logPrint = (path: string): string => /state: <(\w+)>/.exec(runTool('xfs_logprint', ['-t', path]))?.[1] ?? '';
    for (let round = 0; round < 4; round += 1) {
      whileMounted(image, (root) => {
        const folder = madeDirectory(root, `round ${String(round)}`);
        for (let file = 0; file < 300; file += 1) writeFileSync(join(folder, `file ${String(file)}`), '');
        runTool('sync', ['-f', root]);
        copyFileSync(image, copy);
      });
      expect([(await usedOf(image)).clean, logPrint(image), (await usedOf(copy)).clean, logPrint(copy)]).toEqual([true, 'CLEAN', false, 'DIRTY']);
    }
  }, 30_000);

  test('a filesystem that wants repair', async () => {
    makeXfs([], 64 * MIB);
    runTool('xfs_db', ['-x', '-c', 'sb 0', '-c', 'write features_incompat 0x1b', image]);
    expect(await usedOf(image)).toMatchObject({ clean: false, uncleanReason: { code: 'FS_HAS_ERRORS' } });
  });
});

test('a realtime device keeps the whole volume, an external log is named', async () => {
  const other = sparseFile(join(directory.path, 'other.img'), 64 * MIB);
  makeXfs(['-r', `rtdev=${other}`], 64 * MIB);
  expect(await usedOf(image)).toMatchObject({ mode: 'all-non-zero', warnings: [{ code: 'FS_REALTIME_DEVICE' }], used: [{ offsetBytes: 0, lengthBytes: 64 * MIB }] });
  makeXfs(['-l', `logdev=${other},size=20m`], 64 * MIB);
  expect(await usedOf(image)).toMatchObject({ mode: 'bitmap', warnings: [{ code: 'FS_EXTERNAL_JOURNAL' }] });
});

describe('damage', () => {
  let bytes: Buffer;
  let intact: readonly Extent[];
  beforeAll(async () => {
    makeXfs(['-d', 'agcount=4'], 64 * MIB);
    whileMounted(image, (root) => { writeBusyTree(root, { smallFiles: 60, rounds: 5, bigFileBytes: 500_000 }); });
    bytes = readFileSync(image);
    intact = (await readUsedExtents(deviceOf(bytes))).used;
  });
  const group: Extent = { offsetBytes: 16 * MIB, lengthBytes: 16 * MIB };

  test.each([
    { name: 'a group header with a wrong checksum', patch: (device: MemoryBlockDevice) => { device.patch(Buffer.from([1]), group.offsetBytes + 512 + 50); } },
    { name: 'a group header that is unreadable', patch: (device: MemoryBlockDevice) => { device.failReads([{ offsetBytes: group.offsetBytes + 512, lengthBytes: 512 }]); } },
    { name: 'a btree block of zeros', patch: (device: MemoryBlockDevice) => { device.patch(Buffer.alloc(4096), group.offsetBytes + bytes.readUInt32BE(group.offsetBytes + 512 + 16) * 4096); } },
    { name: 'a btree block with a wrong checksum', patch: (device: MemoryBlockDevice) => { device.patch(Buffer.from([9]), group.offsetBytes + bytes.readUInt32BE(group.offsetBytes + 512 + 16) * 4096 + 60); } },
  ])('$name: that group is kept whole', async ({ patch }) => {
    const device = deviceOf(bytes);
    patch(device);
    const found = await readUsedExtents(device);
    expect(found).toMatchObject({ mode: 'bitmap', warnings: [{ code: 'FS_GROUP_DAMAGED' }], overReportedBytes: 16 * MIB });
    expect(found.used).toEqual(mergeExtents([...intact, group]));
  });

  test.each([
    { name: 'checksum of the superblock', at: 40, value: 1, code: 'FS_SUPERBLOCK_DAMAGED' },
    { name: 'version', at: 101, value: 0xb6, code: 'FS_FEATURE_UNKNOWN' },
  ])('$name: the volume is kept whole', async ({ at, value, code }) => {
    const device = deviceOf(bytes);
    device.patch(Buffer.from([value]), at);
    expect(await readUsedExtents(device)).toMatchObject({ mode: 'all-non-zero', used: [{ offsetBytes: 0, lengthBytes: 64 * MIB }], warnings: [{ code }] });
  });

  test('arbitrary bytes without checksums to catch them: no crash, no hang, nothing outside the volume', async () => {
    makeXfs(['-m', 'crc=0', '-d', 'agcount=1'], 20 * MIB);
    const plain = readFileSync(image);
    const root = plain.readUInt32BE(512 + 16) * 4096;
    const places = [...Array.from({ length: 128 }, (_, at) => at), ...Array.from({ length: 64 }, (_, at) => 512 + at), ...Array.from({ length: 80 }, (_, at) => root + at)];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...places), fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff, 0x80))), { minLength: 1, maxLength: 8 }), async (pokes) => {
        const device = deviceOf(plain);
        for (const [at, value] of pokes) device.patch(Buffer.from([value]), at);
        const found = await readUsedExtents(device);
        expect(endOf(found.used.at(-1) ?? { offsetBytes: 0, lengthBytes: 0 })).toBeLessThanOrEqual(20 * MIB);
        expect(clipExtents(found.used, 20 * MIB)).toEqual(found.used);
        expect(totalBytes(intersectExtents(found.used, found.used))).toBe(totalBytes(found.used));
        expect(device.reads.length).toBeLessThan(20_000);
      }),
      { numRuns: 50 },
    );
  }, 30_000);
});
