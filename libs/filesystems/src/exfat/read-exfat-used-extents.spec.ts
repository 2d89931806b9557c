import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type MemoryBlockDevice, runTool, temporaryDirectory } from '@lifeboat/block-device/testing';
import { type Extent, endOf, intersectExtents, mergeExtents } from '@lifeboat/model';
import fc from 'fast-check';
import { readUsedExtents } from '../read-used-extents.js';
import { noise } from '../testing/busy-tree.js';
import { ExfatWriter } from '../testing/exfat-writer.js';
import { copyUsed, deviceOf, patchFile, sparseFile, usedOf } from '../testing/image-file.js';
import { judge } from '../testing/over-report.js';
import { haveTools } from '../testing/tools.js';

const MIB = 1024 * 1024;
const directory = temporaryDirectory();
const image = join(directory.path, 'volume.img');
const copy = join(directory.path, 'copy.img');
afterAll(() => {
  directory.remove();
});

/** Makes a volume with contiguous and scattered files; returns what they occupy and hold. */
function makeExfat(args: readonly string[], sizeBytes: number): { used: Extent[]; heapOffsetBytes: number; contents: { at: number[]; bytes: Buffer; clusterBytes: number }[] } {
  runTool('mkfs.exfat', ['-L', 'Karte', ...args, sparseFile(image, sizeBytes)]);
  const writer = new ExfatWriter(image);
  const used: Extent[] = [];
  for (let cluster = 2; cluster < writer.clusterCount + 2; cluster += 1) if (writer.isUsed(cluster)) used.push({ offsetBytes: writer.clusterAt(cluster), lengthBytes: writer.clusterBytes });
  // A root directory of one small cluster has room for few.
  const contents = Array.from({ length: writer.clusterBytes === 512 ? 3 : 12 }, (_, file) => {
    const bytes = noise(`exfat ${String(file)}`, 20_000 + file * 30_000);
    const at = writer.addFile(`A file number ${String(file)}.bin`, bytes, 1 + (file % 4));
    for (const cluster of at) used.push({ offsetBytes: writer.clusterAt(cluster), lengthBytes: writer.clusterBytes });
    return { at: at.map((cluster) => writer.clusterAt(cluster)), bytes, clusterBytes: writer.clusterBytes };
  });
  writer.save();
  runTool('fsck.exfat', ['-n', image]);
  return { used: mergeExtents(used), heapOffsetBytes: writer.heapOffsetBytes, contents };
}

const variants = [
  { name: 'exFAT, 512-byte clusters', args: ['-c', '512'], sizeMib: 12 },
  { name: 'exFAT, 4 KiB clusters', args: ['-c', '4K'], sizeMib: 40 },
  { name: 'exFAT, 32 KiB clusters', args: ['-c', '32K'], sizeMib: 50 },
  { name: 'exFAT, 1 MiB clusters', args: ['-c', '1M'], sizeMib: 70 },
];
const tools = haveTools(['mkfs.exfat', 'fsck.exfat', 'dump.exfat'], variants.length + 6);

(tools ? describe : describe.skip)('exFAT', () => {
  test.each(variants)('$name: used bytes are those of the files, their number that of dump.exfat', async ({ name, args, sizeMib }) => {
    const { used, heapOffsetBytes, contents } = makeExfat(args, sizeMib * MIB);
    const found = await usedOf(image);
    expect(found).toMatchObject({ filesystem: 'exfat', label: 'Karte', mode: 'bitmap', clean: true, warnings: [], overReportedBytes: 0 });
    const text = runTool('dump.exfat', [image]);
    const [total, free] = [Number(/Total Clusters:\s+(\d+)/.exec(text)?.[1]), Number(/Free Clusters:\s+(\d+)/.exec(text)?.[1])];
    const heap = { offsetBytes: heapOffsetBytes, lengthBytes: total * found.blockSizeBytes };
    const inHeap = intersectExtents(found.used, [heap]);
    expect(inHeap.reduce((sum, extent) => sum + extent.lengthBytes, 0)).toBe((total - free) * found.blockSizeBytes);
    const sizeBytes = statSync(image).size;
    const judged = judge(name, found, { truth: used, sizeBytes, exempt: [{ offsetBytes: 0, lengthBytes: heapOffsetBytes }, { offsetBytes: endOf(heap), lengthBytes: sizeBytes - endOf(heap) }] });
    expect(judged).toMatchObject({ missingBytes: 0, superfluousBytes: 0 });
    copyUsed(image, copy, found.used);
    runTool('fsck.exfat', ['-n', copy]);
    const copied = readFileSync(copy);
    for (const { at, bytes, clusterBytes } of contents) {
      const content = Buffer.concat(at.map((offset) => copied.subarray(offset, offset + clusterBytes))).subarray(0, bytes.length);
      expect(content.equals(bytes)).toBe(true);
    }
  }, 30_000);

  test('a volume in use and one with errors are not clean', async () => {
    makeExfat(['-c', '4K'], 20 * MIB);
    patchFile(image, 106, Buffer.from([2]));
    expect(await usedOf(image)).toMatchObject({ clean: false, uncleanReason: { code: 'FS_NOT_CLEANLY_UNMOUNTED' } });
    patchFile(image, 106, Buffer.from([4]));
    expect(await usedOf(image)).toMatchObject({ clean: false, uncleanReason: { code: 'FS_HAS_ERRORS' } });
  });

  describe('damage', () => {
    let bytes: Buffer;
    beforeAll(() => {
      makeExfat(['-c', '4K'], 8 * MIB);
      bytes = readFileSync(image);
    });
    const heap = (): number => bytes.readUInt32LE(88) * 512;

    test.each([
      { name: 'a number of the boot sector', patch: (device: MemoryBlockDevice) => { device.patch(Buffer.from([1]), 93); }, code: 'FS_SUPERBLOCK_DAMAGED' },
      { name: 'the bitmap erased', patch: (device: MemoryBlockDevice) => { device.patch(Buffer.alloc(4096), heap()); }, code: 'FS_MAP_DAMAGED' },
      { name: 'the root directory erased', patch: (device: MemoryBlockDevice) => { device.patch(Buffer.alloc(4096), heap() + (bytes.readUInt32LE(96) - 2) * 4096); }, code: 'FS_MAP_DAMAGED' },
    ])('$name: the volume is kept whole', async ({ patch, code }) => {
      const device = deviceOf(bytes);
      patch(device);
      expect(await readUsedExtents(device)).toMatchObject({ mode: 'all-non-zero', warnings: [{ code }], used: [{ offsetBytes: 0, lengthBytes: 8 * MIB }] });
    });

    test('an unreadable bitmap counts as used', async () => {
      const device = deviceOf(bytes);
      device.failReads([{ offsetBytes: heap(), lengthBytes: 512 }]);
      expect(await readUsedExtents(device)).toMatchObject({ mode: 'bitmap', warnings: [{ code: 'FS_GROUP_DAMAGED' }], used: [{ offsetBytes: 0, lengthBytes: 8 * MIB }] });
    });

    test('arbitrary bytes in table and root directory: no crash, no hang, nothing outside the volume', async () => {
      const places = [...Array.from({ length: 64 }, (_, at) => bytes.readUInt32LE(80) * 512 + at), ...Array.from({ length: 256 }, (_, at) => heap() + (bytes.readUInt32LE(96) - 2) * 4096 + at)];
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...places), fc.nat(255)), { minLength: 1, maxLength: 20 }), async (pokes) => {
          const device = deviceOf(bytes);
          for (const [at, value] of pokes) device.patch(Buffer.from([value]), at);
          const found = await readUsedExtents(device);
          expect(endOf(found.used.at(-1) ?? { offsetBytes: 0, lengthBytes: 0 })).toBeLessThanOrEqual(8 * MIB);
          expect(device.reads.length).toBeLessThan(5000);
        }),
        { numRuns: 60 },
      );
    });
  });
});
