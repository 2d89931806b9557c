import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attachLoop, runTool, temporaryDirectory } from '@lifeboat/block-device/testing';
import { type Extent, endOf, mergeExtents } from '@lifeboat/model';
import fc from 'fast-check';
import { crc32c } from '../bytes/crc.js';
import { readUsedExtents } from '../read-used-extents.js';
import { hashTree, noise, writeBusyTree } from '../testing/busy-tree.js';
import { bytesOf, copyUsed, deviceOf, patchFile, sparseFile, usedOf } from '../testing/image-file.js';
import { madeDirectory, whileMounted } from '../testing/mounted-volume.js';
import { judge } from '../testing/over-report.js';

const MIB = 1024 * 1024;
const SUPERBLOCK = 65_536;
const NODE_BYTES = 4096;
const directory = temporaryDirectory();
const image = join(directory.path, 'volume.img');
const copy = join(directory.path, 'copy.img');
afterAll(() => {
  directory.remove();
});

function makeBtrfs(args: readonly string[], sizeBytes: number): void {
  runTool('mkfs.btrfs', ['-q', '-f', '-L', 'butter', ...args, sparseFile(image, sizeBytes)]);
}

/** Used bytes by the trees as btrfs-progs prints them, and the superblocks. */
function judgedUsed(path: string, nodeBytes: number): Extent[] {
  const chunks: { logical: number; length: number; copies: number[] }[] = [];
  for (const line of runTool('btrfs', ['inspect-internal', 'dump-tree', '-t', 'chunk', path]).split('\n')) {
    const key = /CHUNK_ITEM (\d+)\)/.exec(line);
    const length = /^\s+length (\d+) owner/.exec(line);
    const stripe = /stripe \d+ devid 1 offset (\d+)/.exec(line);
    if (key) chunks.push({ logical: Number(key[1]), length: 0, copies: [] });
    const chunk = chunks.at(-1);
    if (length && chunk) chunk.length = Number(length[1]);
    if (stripe && chunk) chunk.copies.push(Number(stripe[1]));
  }
  const used: Extent[] = [{ offsetBytes: SUPERBLOCK, lengthBytes: 4096 }];
  if (statSync(path).size >= 64 * MIB + 4096) used.push({ offsetBytes: 64 * MIB, lengthBytes: 4096 });
  for (const [, address, type, offset] of runTool('btrfs', ['inspect-internal', 'dump-tree', '-t', 'extent', path]).matchAll(/key \((\d+) (EXTENT_ITEM|METADATA_ITEM) (\d+)\)/g)) {
    const length = type === 'METADATA_ITEM' ? nodeBytes : Number(offset);
    const chunk = chunks.find((one) => one.logical <= Number(address) && Number(address) + length <= one.logical + one.length);
    expect(chunk).toBeDefined();
    for (const start of chunk?.copies ?? []) used.push({ offsetBytes: start + Number(address) - (chunk?.logical ?? 0), lengthBytes: length });
  }
  return mergeExtents(used);
}

function liveOn(root: string, fillUp: boolean): void {
  writeBusyTree(root, { rounds: 5, smallFiles: 200, fillUp });
  runTool('btrfs', ['subvolume', 'create', join(root, 'volume')]);
  writeFileSync(join(root, 'volume', 'first'), noise('first', 300_000));
  runTool('btrfs', ['subvolume', 'snapshot', join(root, 'volume'), join(root, 'earlier')]);
  patchFile(join(root, 'volume', 'first'), 50_000, noise('changed', 60_000));
  runTool('cp', ['--reflink=always', join(root, 'big'), join(root, 'big-shared')]);
  const folder = madeDirectory(root, 'crowded');
  for (let file = 0; file < 500; file += 1) writeFileSync(join(folder, `name ${String(file)}`), 'inline');
  writeFileSync(join(root, 'compressible too'), Buffer.alloc(1_000_000, 'abcdefgh'));
}

const variants = [
  { name: 'btrfs as made by default, compressed', args: [], sizeMib: 130, options: 'compress=zstd' },
  { name: 'btrfs, single metadata, lzo', args: ['-m', 'single'], sizeMib: 128, options: 'compress-force=lzo' },
  { name: 'btrfs, DUP data', args: ['-d', 'dup'], sizeMib: 250 },
  { name: 'btrfs, mixed groups, nearly full', args: ['--mixed'], sizeMib: 64, fillUp: true },
  { name: 'btrfs, 64 KiB nodes', args: ['-n', '65536'], sizeMib: 130, nodeBytes: 65_536 },
  { name: 'btrfs, SHA-256', args: ['--csum', 'sha256'], sizeMib: 128 },
  { name: 'btrfs, xxHash, volume larger than the filesystem', args: ['--csum', 'xxhash', '-b', '120m'], sizeMib: 128 },
  { name: 'btrfs, without skinny metadata, no-holes and free-space tree', args: ['-O', '^skinny-metadata,^no-holes', '-R', '^free-space-tree'], sizeMib: 128 },
  { name: 'btrfs, UUID changed afterwards', args: [], sizeMib: 128, tune: '-m' },
] as const;

test.each(variants)('$name: used bytes are those of dump-tree, and a copy of them holds the same files', async (variant) => {
  const { nodeBytes, options, fillUp } = { nodeBytes: 'mixed' in variant ? 4096 : 16_384, options: 'defaults', fillUp: false, ...variant };
  makeBtrfs(variant.args, variant.sizeMib * MIB);
  if ('tune' in variant) runTool('btrfstune', ['-f', variant.tune, image]);
  const before = whileMounted(image, (root) => {
    liveOn(root, fillUp);
    return hashTree(root);
  }, ['mount', '-o', `loop,${options}`]);
  const found = await usedOf(image);
  expect(found).toMatchObject({ filesystem: 'btrfs', label: 'butter', mode: 'bitmap', clean: true, uncleanReason: null, warnings: [], overReportedBytes: 0 });
  const sizeBytes = statSync(image).size;
  const realNodeBytes = bytesOf(image, SUPERBLOCK, 4096).readUInt32LE(148);
  expect([nodeBytes, 4096]).toContain(realNodeBytes);
  const filesystemBytes = Number(bytesOf(image, SUPERBLOCK, 4096).readBigUInt64LE(209));
  const judged = judge(variant.name, found, { truth: judgedUsed(image, realNodeBytes), sizeBytes, exempt: mergeExtents([{ offsetBytes: 0, lengthBytes: MIB }, { offsetBytes: filesystemBytes, lengthBytes: sizeBytes - filesystemBytes }]) });
  expect(judged).toMatchObject({ missingBytes: 0, superfluousBytes: 0 });
  copyUsed(image, copy, found.used);
  runTool('btrfs', ['check', '--check-data-csum', copy]);
  expect(whileMounted(copy, (root) => hashTree(root))).toEqual(before);
}, 60_000);

describe('what cannot be read as one volume at rest is kept whole', () => {
  test('two devices', async () => {
    const other = sparseFile(join(directory.path, 'other.img'), 128 * MIB);
    sparseFile(image, 128 * MIB);
    const [first, second] = [attachLoop(image), attachLoop(other)];
    try {
      runTool('mkfs.btrfs', ['-q', '-f', first.path, second.path]);
    } finally {
      first.detach();
      second.detach();
    }
    for (const path of [image, other]) expect(await usedOf(path)).toMatchObject({ filesystem: 'btrfs', mode: 'all-non-zero', warnings: [{ code: 'FS_MULTI_DEVICE' }], used: [{ offsetBytes: 0, lengthBytes: 128 * MIB }] });
  });

  test('a log tree that waits to be replayed', async () => {
    makeBtrfs([], 128 * MIB);
    whileMounted(image, (root) => {
      for (let file = 0; file < 20; file += 1) {
        writeFileSync(join(root, `file ${String(file)}`), noise(String(file), 20_000));
        runTool('sync', [join(root, `file ${String(file)}`)]);
      }
      copyFileSync(image, copy);
    });
    expect(await usedOf(copy)).toMatchObject({ clean: false, mode: 'all-non-zero', uncleanReason: { code: 'FS_NEEDS_RECOVERY' }, used: [{ offsetBytes: 0, lengthBytes: 128 * MIB }] });
    expect(await usedOf(image)).toMatchObject({ clean: true, mode: 'bitmap' });
  });
});

describe('damage', () => {
  let bytes: Buffer;
  let intact: readonly Extent[];
  beforeAll(async () => {
    makeBtrfs(['-n', String(NODE_BYTES)], 128 * MIB);
    whileMounted(image, (root) => { writeBusyTree(root, { smallFiles: 60, rounds: 3, bigFileBytes: 500_000 }); });
    bytes = readFileSync(image);
    intact = (await readUsedExtents(deviceOf(bytes))).used;
  });

  /** Offsets of all copies of tree nodes, recognised by the address they bear. */
  function nodes(): { first: number; copies: number[] }[] {
    const fsid = bytes.subarray(SUPERBLOCK + 32, SUPERBLOCK + 48);
    const byAddress = new Map<bigint, number[]>();
    for (let at = MIB; at < bytes.length; at += NODE_BYTES) {
      if (bytes.subarray(at + 32, at + 48).equals(fsid) && (~crc32c(0xffff_ffff, bytes.subarray(at + 32, at + NODE_BYTES)) >>> 0) === bytes.readUInt32LE(at)) byAddress.set(bytes.readBigUInt64LE(at + 48), [...(byAddress.get(bytes.readBigUInt64LE(at + 48)) ?? []), at]);
    }
    return [...byAddress.values()].map((copies) => ({ first: copies[0] ?? 0, copies }));
  }

  test('one damaged copy of every node does not matter', async () => {
    const device = deviceOf(bytes);
    const all = nodes();
    expect(all.length).toBeGreaterThan(5);
    for (const { first, copies } of all) if (copies.length === 2) device.patch(Buffer.alloc(64, 0x5a), first + 200);
    expect(await readUsedExtents(device)).toMatchObject({ mode: 'bitmap', used: intact, warnings: [] });
  });

  test('nodes damaged in both copies keep the volume whole', async () => {
    const device = deviceOf(bytes);
    for (const { copies } of nodes()) for (const at of copies) device.patch(Buffer.alloc(64, 0x5a), at + 200);
    expect(await readUsedExtents(device)).toMatchObject({ mode: 'all-non-zero', warnings: [{ code: 'FS_MAP_DAMAGED' }] });
  });

  test.each([
    { name: 'checksum of the superblock', at: SUPERBLOCK + 120, value: 7, sealed: false, code: 'FS_SUPERBLOCK_DAMAGED' },
    { name: 'bytes in use', at: SUPERBLOCK + 121, value: 7, sealed: true, code: 'FS_MAP_DAMAGED' },
    { name: 'a feature', at: SUPERBLOCK + 189, value: 0x20, sealed: true, code: 'FS_FEATURE_UNKNOWN' },
    { name: 'node size', at: SUPERBLOCK + 150, value: 9, sealed: true, code: 'FS_SUPERBLOCK_DAMAGED' },
  ])('$name: the volume is kept whole', async ({ at, value, sealed, code }) => {
    const device = deviceOf(bytes);
    const superblock = Buffer.from(bytes.subarray(SUPERBLOCK, SUPERBLOCK + 4096));
    superblock[at - SUPERBLOCK] = value;
    if (sealed) superblock.writeUInt32LE(~crc32c(0xffff_ffff, superblock.subarray(32)) >>> 0, 0);
    device.patch(superblock, SUPERBLOCK);
    expect(await readUsedExtents(device)).toMatchObject({ mode: 'all-non-zero', warnings: [{ code }], used: [{ offsetBytes: 0, lengthBytes: 128 * MIB }] });
  });

  test('arbitrary bytes under right checksums: no crash, no hang, nothing outside the volume', async () => {
    const all = nodes();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(all.length), fc.nat(1200), fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff))), { minLength: 1, maxLength: 10 }), async (pokes) => {
        const device = deviceOf(bytes);
        for (const [index, at, value] of pokes) {
          const places = all[index]?.copies ?? [SUPERBLOCK];
          const block = Buffer.from(bytes.subarray(places[0] ?? 0, (places[0] ?? 0) + 4096));
          block[40 + at] = value;
          block.writeUInt32LE(~crc32c(0xffff_ffff, block.subarray(32)) >>> 0, 0);
          for (const place of places) device.patch(block, place);
        }
        const found = await readUsedExtents(device);
        expect(endOf(found.used.at(-1) ?? { offsetBytes: 0, lengthBytes: 0 })).toBeLessThanOrEqual(128 * MIB);
        expect(device.reads.length).toBeLessThan(20_000);
      }),
      { numRuns: 20 },
    );
  }, 60_000);
});
