import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Extent, endOf, intersectExtents, totalBytes } from '@lifeboat/model';
import { type MemoryBlockDevice, temporaryDirectory } from '@lifeboat/block-device/testing';
import { readUsedExtents } from '../read-used-extents.js';
import { type JudgedExt, judgeExt } from '../testing/judge-ext.js';
import { deviceOf } from '../testing/image-file.js';
import { makeExtImage, makeSourceTree } from '../testing/make-ext-image.js';
import type { UsedExtents } from '../used-extents.js';
import { UsedRuns } from '../allocation/used-runs.js';

const SIZE_KIB = 40_000;
const directory = temporaryDirectory();
let modern: { bytes: Uint8Array; judged: JudgedExt };
let plain: { bytes: Uint8Array; judged: JudgedExt };

beforeAll(() => {
  const tree = join(directory.path, 'tree');
  makeSourceTree(tree);
  const made = (args: readonly string[], type?: string): { bytes: Uint8Array; judged: JudgedExt } => {
    const path = join(directory.path, `${String(args.length)}.img`);
    makeExtImage(path, type === undefined ? { args, sizeKib: SIZE_KIB } : { args, sizeKib: SIZE_KIB, type }, tree);
    return { bytes: readFileSync(path), judged: judgeExt(path) };
  };
  modern = made(['-b', '1024', '-O', '64bit']);
  plain = made(['-b', '1024'], 'ext2');
});
afterAll(() => {
  directory.remove();
});

/** The image as a device, with `patches` applied. */
function patched(image: Uint8Array, patches: readonly Readonly<{ at: number; bytes: Uint8Array }>[]): MemoryBlockDevice {
  const device = deviceOf(Buffer.from(image.buffer, image.byteOffset, image.length));
  for (const { at, bytes } of patches) device.patch(bytes, at);
  return device;
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

const missing = (judged: JudgedExt, found: UsedExtents): number => totalBytes(judged.used) - totalBytes(intersectExtents(judged.used, found.used));
const codes = (found: UsedExtents): string[] => found.warnings.map((warning) => warning.code);
const readU32 = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);

describe('absurd superblocks make the volume opaque', () => {
  test.each([
    { name: 'block count beyond the volume', offset: 0x4, value: 0xffff_ffff },
    { name: 'no blocks', offset: 0x4, value: 0 },
    { name: 'block size 2^4000', offset: 0x18, value: 4000 },
    { name: 'first data block', offset: 0x14, value: 12_345 },
    { name: 'no blocks in a group', offset: 0x20, value: 0 },
    { name: 'one block in a group', offset: 0x20, value: 1 },
    { name: 'too many blocks in a group', offset: 0x20, value: 0xffff_ffff },
    { name: 'no inodes in a group', offset: 0x28, value: 0 },
    { name: 'too many inodes', offset: 0x0, value: 0xffff_fff0 },
    { name: 'inode size', offset: 0x58, value: 0xffff },
  ])('$name', async ({ offset, value }) => {
    const found = await readUsedExtents(patched(plain.bytes, [{ at: 1024 + offset, bytes: u32(value) }]));
    expect(found).toMatchObject({ mode: 'all-non-zero', used: [{ offsetBytes: 0, lengthBytes: SIZE_KIB * 1024 }] });
    expect(codes(found)).toEqual(['FS_SUPERBLOCK_DAMAGED']);
  });

  test('one flipped bit in a superblock with a checksum', async () => {
    const found = await readUsedExtents(patched(modern.bytes, [{ at: 1024 + 0x78, bytes: Uint8Array.of((modern.bytes[1024 + 0x78] ?? 0) ^ 1) }]));
    expect(found.mode).toBe('all-non-zero');
    expect(codes(found)).toEqual(['FS_SUPERBLOCK_DAMAGED']);
  });

  test.each([
    { name: 'incompat', offset: 0x60, bit: 0x0080_0000 },
    { name: 'ro_compat', offset: 0x64, bit: 0x0080_0000 },
    { name: 'compat', offset: 0x5c, bit: 0x0080_0000 },
  ])('an unknown $name feature', async ({ offset, bit }) => {
    const found = await readUsedExtents(patched(plain.bytes, [{ at: 1024 + offset, bytes: u32(readU32(plain.bytes, 1024 + offset) | bit) }]));
    expect(found.mode).toBe('all-non-zero');
    expect(codes(found)).toEqual(['FS_FEATURE_UNKNOWN']);
  });
});

describe('damaged groups are kept whole', () => {
  const descriptors = 2048;

  test.each([
    { name: 'descriptor', at: () => descriptors + 64 * 2 + 0xc },
    { name: 'descriptor address', at: () => descriptors + 64 * 3 },
    { name: 'block bitmap', at: () => readU32(modern.bytes, descriptors) * 1024 + 100 },
  ])('$name with a checksum', async ({ at }) => {
    const place = at();
    const found = await readUsedExtents(patched(modern.bytes, [{ at: place, bytes: Uint8Array.of((modern.bytes[place] ?? 0) ^ 0x10) }]));
    expect(found.mode).toBe('bitmap');
    expect(codes(found)).toEqual(['FS_GROUP_DAMAGED']);
    expect(found.overReportedBytes).toBeGreaterThan(0);
    expect(missing(modern.judged, found)).toBe(0);
  });

  test('a bitmap that lost bits contradicts the free count, without any checksum', async () => {
    const bitmap = readU32(plain.bytes, descriptors) * 1024;
    const found = await readUsedExtents(patched(plain.bytes, [{ at: bitmap, bytes: new Uint8Array(1024) }]));
    expect(codes(found)).toEqual(['FS_GROUP_DAMAGED']);
    expect(missing(plain.judged, found)).toBe(0);
  });

  test('unreadable bitmaps and descriptors', async () => {
    const device = patched(plain.bytes, []);
    device.failReads([{ offsetBytes: readU32(plain.bytes, descriptors) * 1024, lengthBytes: 512 }]);
    const withoutBitmap = await readUsedExtents(device);
    expect(codes(withoutBitmap)).toEqual(['FS_GROUP_DAMAGED']);
    expect(missing(plain.judged, withoutBitmap)).toBe(0);
  });

  test('an unreadable superblock keeps everything', async () => {
    const device = patched(plain.bytes, []);
    device.failReads([{ offsetBytes: 1024, lengthBytes: 512 }]);
    const found = await readUsedExtents(device);
    expect(found).toMatchObject({ mode: 'all-non-zero', used: [{ offsetBytes: 0, lengthBytes: SIZE_KIB * 1024 }] });
    expect(codes(found)).toEqual(['FS_SIGNATURE_UNREADABLE']);
  });
});

test('arbitrary bytes in superblock and descriptors: no crash, no hang, nothing outside the volume', async () => {
  const fields = [0x0, 0x4, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x4c, 0x58, 0x5c, 0x60, 0x64, 0xce, 0xfc, 0x104, 0x150, 0x174, 0x24c, 0x250];
  const descriptorArea = Array.from({ length: 320 }, (_, at) => 1024 + at);
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(fc.tuple(fc.constantFrom(...fields, ...descriptorArea), fc.oneof(fc.nat(0xffff_ffff), fc.nat(70_000), fc.constantFrom(0, 1, 2, 6, 256, 0x80, 0x200, 0x8000_0000, 0xffff_ffff))), { minLength: 1, maxLength: 6 }),
      async (useModern, pokes) => {
        // The checksum flag is dropped so that the numbers are reached at all.
        const image = useModern ? modern.bytes : plain.bytes;
        const withoutChecksums = { at: 1024 + 0x64, bytes: u32(readU32(image, 1024 + 0x64) & ~0x410) };
        const device = patched(image, [withoutChecksums, ...pokes.map(([at, value]) => ({ at: 1024 + at, bytes: u32(value) }))]);
        const found = await readUsedExtents(device);
        let end = -1;
        for (const extent of found.used) {
          expect(extent.offsetBytes).toBeGreaterThan(end);
          expect(extent.lengthBytes).toBeGreaterThan(0);
          end = endOf(extent);
        }
        expect(end).toBeLessThanOrEqual(device.sizeBytes);
        expect(device.reads.length).toBeLessThan(2000);
        if (found.mode !== 'bitmap') expect(found.used).toEqual([{ offsetBytes: 0, lengthBytes: device.sizeBytes }]);
      },
    ),
    { numRuns: 120 },
  );
}, 120_000);

test('scattered free space is bridged within bounded memory, never under-reported', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 30 })), { maxLength: 400 }), fc.integer({ min: 4, max: 50 }), (steps, runsMax) => {
      const runs = new UsedRuns(runsMax);
      const wanted: Extent[] = [];
      let at = 0;
      for (const [gap, count] of steps) {
        at += gap;
        runs.add(at, count);
        wanted.push({ offsetBytes: at, lengthBytes: count });
        at += count;
      }
      const kept = runs.toExtents(1);
      expect(kept.length).toBeLessThanOrEqual(runsMax);
      const wantedBytes = totalBytes(wanted);
      expect(totalBytes(intersectExtents(wanted, kept))).toBe(wantedBytes);
      expect(totalBytes(kept)).toBe(wantedBytes + runs.bridgedBlocks);
    }),
  );
});
