import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MemoryBlockDevice, runTool, temporaryDirectory } from '@lifeboat/block-device/testing';
import { type Extent, endOf, intersectExtents, mergeExtents, totalBytes } from '@lifeboat/model';
import fc from 'fast-check';
import { forEachSetRun } from '../allocation/bit-runs.js';
import { readUsedExtents } from '../read-used-extents.js';
import { hashTree, noise, writeBusyTree } from '../testing/busy-tree.js';
import { copyUsed, deviceOf, patchFile, sparseFile, usedOf } from '../testing/image-file.js';
import { madeDirectory, ntfsMount, whileMounted } from '../testing/mounted-volume.js';
import { judge } from '../testing/over-report.js';
import { haveTools } from '../testing/tools.js';

const MIB = 1024 * 1024;
const LOG_RECORD = 2;
const BITMAP_RECORD = 6;
const directory = temporaryDirectory();
const image = join(directory.path, 'volume.img');
const copy = join(directory.path, 'copy.img');
afterAll(() => {
  directory.remove();
});

/** Used clusters as ntfscat, which shares no code with us, reads them from $Bitmap. */
function judgedUsed(path: string, clusterBytes: number, clusterCount: number): Extent[] {
  const bitmap = execFileSync('ntfscat', ['-f', '-i', '6', path], { maxBuffer: 64 * MIB, stdio: ['ignore', 'pipe', 'ignore'] });
  const used: Extent[] = [];
  forEachSetRun(bitmap, clusterCount, (first, count) => { used.push({ offsetBytes: first * clusterBytes, lengthBytes: count * clusterBytes }); });
  return mergeExtents(used);
}

function makeNtfs(args: readonly string[], sizeBytes: number, label = 'Daten'): void {
  runTool('mkntfs', ['-q', '-F', '-f', '-L', label, ...args, sparseFile(image, sizeBytes)]);
}

const mountNtfs = <T>(path: string, work: (root: string) => T): T => whileMounted(path, work, ntfsMount);

/** Streams, compressed files and a directory large enough for a tree of its own, besides what any filesystem holds. */
function liveOn(root: string, options: { compress: boolean; fillUp: boolean }): void {
  writeBusyTree(root, { links: true, fillUp: options.fillUp, rounds: 25 });
  writeFileSync(join(root, 'with-stream'), 'main');
  writeFileSync(join(root, 'with-stream:second'), noise('stream', 70_000));
  const crowded = madeDirectory(root, 'crowded');
  for (let file = 0; file < 300; file += 1) writeFileSync(join(crowded, `a rather long name for a small file ${String(file)}`), String(file));
  if (!options.compress) return;
  const compressed = madeDirectory(root, 'compressed');
  // The attribute is inherited by the files written from now on.
  runTool('setfattr', ['-h', '-v', '0x00080000', '-n', 'system.ntfs_attrib', compressed]);
  writeFileSync(join(compressed, 'text'), Buffer.alloc(500_000, 'compress me, '));
  writeFileSync(join(compressed, 'mixed'), Buffer.concat([noise('mixed', 100_000), Buffer.alloc(200_000)]));
}

const variants = [
  { name: 'NTFS, 512-byte clusters', clusterBytes: 512, sizeMib: 40 },
  { name: 'NTFS, 1 KiB clusters', clusterBytes: 1024, sizeMib: 60 },
  { name: 'NTFS, 4 KiB clusters, compressed files', clusterBytes: 4096, sizeMib: 120, compress: true },
  { name: 'NTFS, 4 KiB clusters, nearly full', clusterBytes: 4096, sizeMib: 40, fillUp: true },
  { name: 'NTFS, 16 KiB clusters', clusterBytes: 16_384, sizeMib: 100 },
  { name: 'NTFS, 64 KiB clusters', clusterBytes: 65_536, sizeMib: 200 },
  { name: 'NTFS, 4 KiB sectors', clusterBytes: 4096, sizeMib: 100, sectorBytes: 4096 },
  { name: 'NTFS, volume larger than the filesystem', clusterBytes: 4096, sizeMib: 60, tailBytes: 777_216 },
] as const;

const tools = haveTools(['mkntfs', 'ntfs-3g', 'ntfscat', 'ntfsfix', 'setfattr'], variants.length + 9);

(tools ? describe : describe.skip)('NTFS', () => {
  test.each(variants)('$name: used bytes are those of ntfscat, and a copy of them holds the same files', async (variant) => {
    const { clusterBytes, sizeMib, compress, fillUp, sectorBytes, tailBytes } = { compress: false, fillUp: false, sectorBytes: 512, tailBytes: 0, ...variant };
    makeNtfs(['-c', String(clusterBytes), '-s', String(sectorBytes)], sizeMib * MIB);
    if (tailBytes > 0) execFileSync('truncate', ['-s', `+${String(tailBytes)}`, image]);
    const before = mountNtfs(image, (root) => {
      liveOn(root, { compress, fillUp });
      return hashTree(root);
    });
    const sizeBytes = statSync(image).size;
    const clusterCount = Math.floor((sizeMib * MIB - sectorBytes) / clusterBytes);
    const found = await usedOf(image);
    expect(found).toMatchObject({ filesystem: 'ntfs', label: 'Daten', mode: 'bitmap', clean: true, warnings: [], overReportedBytes: 0, blockSizeBytes: clusterBytes });
    const tail = { offsetBytes: clusterCount * clusterBytes, lengthBytes: sizeBytes - clusterCount * clusterBytes };
    const judged = judge(variant.name, found, { truth: judgedUsed(image, clusterBytes, clusterCount), sizeBytes, exempt: [tail] });
    expect(judged.missingBytes).toBe(0);
    expect(judged.overPercent).toBeLessThan(1);
    expect(totalBytes(intersectExtents([tail], found.used))).toBe(tail.lengthBytes);
    copyUsed(image, copy, found.used);
    // It looks for the copy of the boot sector at the end of the volume.
    if (tailBytes === 0) runTool('ntfsfix', ['-n', copy]);
    expect(mountNtfs(copy, (root) => hashTree(root))).toEqual(before);
    expect(before.size).toBeGreaterThan(500);
  }, 60_000);

  describe('what is not clean is said so', () => {
    beforeEach(() => { makeNtfs([], 20 * MIB); });

    test('a dirty volume', async () => {
      runTool('ntfsfix', [image]);
      expect(await usedOf(image)).toMatchObject({ clean: false, uncleanReason: { code: 'FS_HAS_ERRORS' } });
    });

    test('a log that was in use', async () => {
      patchLog(image, { client: 0, flags: 0 });
      expect(await usedOf(image)).toMatchObject({ clean: false, uncleanReason: { code: 'FS_NEEDS_RECOVERY' } });
      patchLog(image, { client: 0xffff, flags: 0 });
      expect(await usedOf(image)).toMatchObject({ clean: true });
      patchLog(image, { client: 0, flags: 2 });
      expect(await usedOf(image)).toMatchObject({ clean: true });
    });

    test('a hibernated Windows is kept whole', async () => {
      mountNtfs(image, (root) => { writeFileSync(join(root, 'hiberfil.sys'), Buffer.concat([Buffer.from('HIBR'), noise('memory', 300_000)])); });
      expect(await usedOf(image, { leaveOutPageFiles: true })).toMatchObject({ mode: 'all-non-zero', clean: false, used: [{ offsetBytes: 0, lengthBytes: 20 * MIB }], warnings: [{ code: 'FS_HIBERNATED' }] });
    });
  });

  test('contents of page files are left out when that is wanted, and nothing else', async () => {
    makeNtfs([], 60 * MIB);
    const before = mountNtfs(image, (root) => {
      writeBusyTree(root, { smallFiles: 60, rounds: 5 });
      writeFileSync(join(root, 'pagefile.sys'), noise('page', 5_000_000));
      writeFileSync(join(root, 'hiberfil.sys'), Buffer.concat([Buffer.from('wake'), noise('hiber', 2_000_000)]));
      writeFileSync(join(madeDirectory(root, 'folder-1'), 'swapfile.sys'), noise('not in the root', 1_000_000));
      writeFileSync(join(root, 'swapfile.sys'), noise('swap', 500_000));
      return hashTree(root);
    });
    const [kept, lean] = [await usedOf(image), await usedOf(image, { leaveOutPageFiles: true })];
    expect(kept.leftOut ?? []).toEqual([]);
    expect([...(lean.leftOut ?? [])].map((file) => file.path).sort()).toEqual(['/hiberfil.sys', '/pagefile.sys', '/swapfile.sys']);
    const saved = (lean.leftOut ?? []).reduce((sum, file) => sum + file.lengthBytes, 0);
    expect(totalBytes(kept.used) - totalBytes(lean.used)).toBe(saved);
    expect(saved).toBeGreaterThanOrEqual(7_500_000);
    expect(saved).toBeLessThan(7_600_000);
    copyUsed(image, copy, lean.used);
    const after = mountNtfs(copy, (root) => hashTree(root));
    const changed = [...before].filter(([path, hash]) => after.get(path) !== hash).map(([path]) => path);
    expect(changed).toEqual(['hiberfil.sys', 'pagefile.sys', 'swapfile.sys']);
    expect(after.size).toBe(before.size);
  });

  describe('damage', () => {
    let bytes: Buffer;
    beforeAll(() => {
      makeNtfs([], 8 * MIB);
      mountNtfs(image, (root) => { writeBusyTree(root, { smallFiles: 50, rounds: 5, bigFileBytes: 500_000 }); });
      bytes = readFileSync(image);
    });
    const mftAt = (): number => Number(bytes.readBigUInt64LE(0x30)) * 4096;

    test('a damaged first record is read from the mirror', async () => {
      const intact = await readUsedExtents(deviceOf(bytes));
      const device = deviceOf(bytes);
      device.patch(Buffer.alloc(1024), mftAt());
      const found = await readUsedExtents(device);
      expect(found).toMatchObject({ mode: 'bitmap', used: intact.used, warnings: [{ code: 'NTFS_MIRROR_USED' }] });
    });

    test.each([
      { name: 'file table and mirror gone', patch: (device: MemoryBlockDevice) => { device.patch(Buffer.alloc(1024), mftAt()); device.patch(Buffer.alloc(1024), Number(bytes.readBigUInt64LE(0x38)) * 4096); } },
      { name: 'record of $Bitmap gone', patch: (device: MemoryBlockDevice) => { device.patch(Buffer.alloc(1024), mftAt() + 6 * 1024); } },
      { name: 'absurd cluster size', patch: (device: MemoryBlockDevice) => { device.patch(Buffer.from([0x7f]), 0x0d); } },
      { name: 'absurd size', patch: (device: MemoryBlockDevice) => { device.patch(Buffer.alloc(8, 0xff), 0x28); } },
    ])('$name: the volume is kept whole', async ({ patch }) => {
      const device = deviceOf(bytes);
      patch(device);
      const found = await readUsedExtents(device);
      expect(found).toMatchObject({ mode: 'all-non-zero', used: [{ offsetBytes: 0, lengthBytes: 8 * MIB }] });
      expect(found.warnings).toHaveLength(1);
    });

    test('a $Bitmap of zeros is not believed', async () => {
      const device = deviceOf(bytes);
      device.patch(Buffer.alloc(512), contentsOffset(bytes, mftAt() + BITMAP_RECORD * 1024));
      expect(await readUsedExtents(device)).toMatchObject({ mode: 'all-non-zero', warnings: [{ code: 'FS_MAP_DAMAGED' }] });
    });

    test('unreadable parts of $Bitmap count as used', async () => {
      const device = deviceOf(bytes);
      device.failReads([{ offsetBytes: contentsOffset(bytes, mftAt() + BITMAP_RECORD * 1024), lengthBytes: 512 }]);
      const found = await readUsedExtents(device);
      expect(found).toMatchObject({ mode: 'bitmap', used: [{ offsetBytes: 0, lengthBytes: 8 * MIB }], warnings: [{ code: 'FS_GROUP_DAMAGED' }] });
      expect(found.overReportedBytes).toBeGreaterThan(4 * MIB);
    });

    test('arbitrary bytes in boot sector and records: no crash, no hang, nothing outside the volume', async () => {
      const start = mftAt();
      const places = [...Array.from({ length: 0x50 }, (_, at) => at), ...[0, 2, 3, 5, 6].flatMap((record) => Array.from({ length: 500 }, (_, at) => start + record * 1024 + at))];
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...places), fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff, 1, 0x80))), { minLength: 1, maxLength: 12 }), async (pokes) => {
          const device = deviceOf(bytes);
          for (const [at, value] of pokes) device.patch(Buffer.from([value]), at);
          const found = await readUsedExtents(device, { leaveOutPageFiles: true });
          expect(endOf(found.used.at(-1) ?? { offsetBytes: 0, lengthBytes: 0 })).toBeLessThanOrEqual(8 * MIB);
          expect(device.reads.length).toBeLessThan(5000);
        }),
        { numRuns: 50 },
      );
    }, 60_000);
  });
});

/** Writes a restart page into the log as a running Windows would leave it. */
function patchLog(path: string, state: { client: number; flags: number }): void {
  const page = Buffer.alloc(4096);
  page.write('RSTR');
  page.writeUInt16LE(30, 4);
  page.writeUInt16LE(9, 6);
  page.writeUInt32LE(4096, 16);
  page.writeUInt32LE(4096, 20);
  page.writeUInt16LE(48, 24);
  page.writeUInt16LE(7, 30);
  for (let stride = 1; stride <= 8; stride += 1) page.writeUInt16LE(7, stride * 512 - 2);
  page.writeBigUInt64LE(99n, 48);
  page.writeUInt16LE(state.client, 60);
  page.writeUInt16LE(state.flags, 62);
  const mft = Number(readFileSync(path).readBigUInt64LE(0x30)) * 4096;
  patchFile(path, contentsOffset(readFileSync(path), mft + LOG_RECORD * 1024), page);
}

/** Where the first cluster of the unnamed contents of the record at `at` lies. Good for small, unfragmented volumes only. */
function contentsOffset(bytes: Buffer, at: number): number {
  let offset = at + bytes.readUInt16LE(at + 0x14);
  while (bytes.readUInt32LE(offset) !== 0x80) offset += bytes.readUInt32LE(offset + 4);
  const pairs = offset + bytes.readUInt16LE(offset + 0x20);
  const header = bytes.readUInt8(pairs);
  return bytes.readUIntLE(pairs + 1 + (header & 0xf), header >> 4) * 4096;
}
