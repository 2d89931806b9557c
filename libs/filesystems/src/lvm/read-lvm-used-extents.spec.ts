import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MemoryBlockDevice, attachLoop, runTool, temporaryDirectory } from '@lifeboat/block-device/testing';
import { type Extent, endOf, intersectExtents, mergeExtents, totalBytes } from '@lifeboat/model';
import fc from 'fast-check';
import { crc32 } from '../bytes/crc.js';
import { readUsedExtents } from '../read-used-extents.js';
import { hashTree, writeBusyTree } from '../testing/busy-tree.js';
import { copyUsed, deviceOf, patchFile, sparseFile, usedOf } from '../testing/image-file.js';
import { whileMounted } from '../testing/mounted-volume.js';
import { haveTools } from '../testing/tools.js';
import { parseMetadataText } from './metadata-text.js';
import { readVolumeGroup } from './volume-group.js';

const MIB = 1024 * 1024;
const EXTENT = 4 * MIB;
const FIRST_EXTENT = MIB;
const directory = temporaryDirectory();
const image = join(directory.path, 'volume.img');
const other = join(directory.path, 'other.img');
const copy = join(directory.path, 'copy.img');
afterAll(() => {
  directory.remove();
});

/** Runs LVM's own tools on the images; without activation they need no device mapper, and they see no other disk. */
function withLvm<T>(paths: readonly string[], work: (lvm: (...args: string[]) => string, devices: readonly string[]) => T): T {
  const loops = paths.map((path) => attachLoop(path));
  const filter = loops.map((loop) => `"a|^${loop.path}$|"`).join(',');
  const config = `devices { filter=[${filter},"r|.*|"] use_devicesfile=0 } backup { backup=0 archive=0 } global { activation=0 }`;
  try {
    return work((tool = '', ...args) => runTool(tool, ['--config', config, ...args]), loops.map((loop) => loop.path));
  } finally {
    for (const loop of loops) loop.detach();
  }
}

type Segment = { name: string; start: number; count: number };

/** Runs of physical extents as lvs tells them, in the order of the logical volume. */
function segmentsOf(lvm: (...args: string[]) => string, device: string): Segment[] {
  const lines = lvm('lvs', '-a', '--noheadings', '--separator', ';', '--sort', 'lv_name,seg_start_pe', '-o', 'lv_name,seg_pe_ranges').split('\n');
  return lines.flatMap((line) => {
    const [name, ranges] = line.trim().split(';');
    return (ranges ?? '').split(' ').flatMap((range) => {
      const match = new RegExp(`^${device}:(\\d+)-(\\d+)$`).exec(range);
      return match ? [{ name: (name ?? '').replace(/[[\]]/g, ''), start: Number(match[1]), count: Number(match[2]) - Number(match[1]) + 1 }] : [];
    });
  });
}

const extentOf = ({ start, count }: Segment): Extent => ({ offsetBytes: FIRST_EXTENT + start * EXTENT, lengthBytes: count * EXTENT });

/** Copies a filesystem image into the extents of a logical volume, or out of them. */
function putIn(path: string, segments: readonly Segment[], content: Buffer): void {
  let done = 0;
  for (const segment of segments) {
    patchFile(path, extentOf(segment).offsetBytes, content.subarray(done, done + segment.count * EXTENT));
    done += segment.count * EXTENT;
  }
}

const takeOut = (path: string, segments: readonly Segment[]): Buffer => {
  const bytes = readFileSync(path);
  return Buffer.concat(segments.map((segment) => bytes.subarray(extentOf(segment).offsetBytes, endOf(extentOf(segment)))));
};

/** A volume group of a root in two pieces with XFS, a home with ext4, swap, and room. */
function makeGroup(): { segments: Segment[]; hashes: Map<string, Map<string, string>> } {
  const segments = withLvm([sparseFile(image, 200 * MIB)], (lvm, [device = '']) => {
    lvm('pvcreate', '-ff', '-y', '--metadatacopies', '2', device);
    lvm('vgcreate', 'group-1', device);
    for (const [name, size] of [['root', 40], ['home', 32], ['gone', 12], ['swap', 12]] as const) lvm('lvcreate', '-an', '-Zn', '-Wn', '-L', `${String(size)}m`, '-n', name, 'group-1');
    lvm('lvextend', '-L', '+24m', 'group-1/root');
    lvm('lvremove', '-y', 'group-1/gone');
    return segmentsOf(lvm, device);
  });
  const hashes = new Map<string, Map<string, string>>();
  const fill = (name: string, make: string, args: readonly string[]): void => {
    const own = segments.filter((segment) => segment.name === name);
    const inner = sparseFile(copy, own.reduce((sum, segment) => sum + segment.count * EXTENT, 0));
    runTool(make, [...args, inner]);
    if (make !== 'mkswap') hashes.set(name, whileMounted(inner, (root) => { writeBusyTree(root, { rounds: 4, smallFiles: 120 }); return hashTree(root); }));
    putIn(image, own, readFileSync(inner));
  };
  fill('root', 'mkfs.xfs', ['-q', '--unsupported']);
  fill('home', 'mkfs.ext4', ['-q', '-F']);
  fill('swap', 'mkswap', []);
  return { segments, hashes };
}

const tools = haveTools(['pvcreate', 'vgcreate', 'lvcreate', 'lvs'], 8);

(tools ? describe : describe.skip)('LVM', () => {
  describe('a volume group on one disk', () => {
    let made: ReturnType<typeof makeGroup>;
    let bytes: Buffer;
    beforeAll(() => {
      made = makeGroup();
      bytes = readFileSync(image);
    }, 60_000);

    test('each logical volume by its own filesystem, what belongs to none is free', async () => {
      const found = await usedOf(image);
      expect(found).toMatchObject({ filesystem: 'lvm2', mode: 'bitmap', clean: true, warnings: [], overReportedBytes: 0 });
      const given = mergeExtents(made.segments.map(extentOf));
      const data = { offsetBytes: FIRST_EXTENT, lengthBytes: Math.floor((200 * MIB - 2 * FIRST_EXTENT) / EXTENT) * EXTENT };
      // Nothing is kept of extents that lvs does not list, and little of those that are nearly empty.
      expect(totalBytes(intersectExtents(found.used, [data]))).toBe(totalBytes(intersectExtents(found.used, given)));
      expect(made.segments.filter((segment) => segment.name === 'root')).toHaveLength(2);
      process.stderr.write(`LVM with XFS, ext4 and swap: given ${String(totalBytes(given) / 1024)} KiB, kept ${String(Math.round(totalBytes(found.used) / 1024))} KiB\n`);
      copyUsed(image, copy, found.used);
      withLvm([copy], (lvm) => { expect(lvm('vgck', 'group-1')).toBeDefined(); });
      for (const [name, before] of made.hashes) {
        const inner = sparseFile(other, 0);
        patchFile(inner, 0, takeOut(copy, made.segments.filter((segment) => segment.name === name)));
        expect(whileMounted(inner, (root) => hashTree(root))).toEqual(before);
      }
    }, 60_000);

    test('an unclean filesystem inside is told by its name', async () => {
      const device = deviceOf(bytes);
      const home = made.segments.find((segment) => segment.name === 'home') ?? { name: '', start: 0, count: 0 };
      device.patch(Buffer.from([2]), extentOf(home).offsetBytes + 1024 + 0x3a);
      const superblock = Buffer.alloc(1024);
      await device.readFully(superblock, extentOf(home).offsetBytes + 1024);
      expect(superblock.readUInt16LE(0x38)).toBe(0xef53);
      const found = await readUsedExtents(device);
      // The checksum of the superblock is wrong now, so that this logical volume is kept whole as well.
      expect(found).toMatchObject({ clean: false, uncleanReason: { code: 'FS_HAS_ERRORS', message: expect.stringContaining('logical volume home') as string }, warnings: [{ code: 'FS_SUPERBLOCK_DAMAGED' }] });
      expect(totalBytes(intersectExtents(found.used, [extentOf(home)]))).toBe(home.count * EXTENT);
    });

    test('the second copy of the metadata serves when the first is damaged', async () => {
      const intact = await readUsedExtents(deviceOf(bytes));
      const device = deviceOf(bytes);
      device.patch(Buffer.alloc(64 * 1024, 0x5a), 4096);
      expect(await readUsedExtents(device)).toMatchObject({ mode: 'bitmap', used: intact.used });
    });

    test.each([
      { name: 'both copies of the metadata', patch: (device: MemoryBlockDevice) => { device.patch(Buffer.alloc(64 * 1024), 4096); device.patch(Buffer.alloc(MIB), 199 * MIB); } },
      { name: 'the label', patch: (device: MemoryBlockDevice) => { device.patch(Buffer.from([1]), 512 + 300); } },
    ])('$name damaged: the volume is kept whole', async ({ patch }) => {
      const device = deviceOf(bytes);
      patch(device);
      expect(await readUsedExtents(device)).toMatchObject({ mode: 'all-non-zero', warnings: [{ code: 'FS_MAP_DAMAGED' }], used: [{ offsetBytes: 0, lengthBytes: 200 * MIB }] });
    });

    test('arbitrary text under right checksums: no crash, no hang, nothing outside the volume', async () => {
      const header = bytes.subarray(4096, 4096 + 512);
      const [offset, length] = [Number(header.readBigUInt64LE(40)), Number(header.readBigUInt64LE(48))];
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(fc.nat(length - 1), fc.constantFrom(...Array.from('0123456789{}[]",= pv\\#a'))), { minLength: 1, maxLength: 4 }), async (pokes) => {
          const device = deviceOf(bytes.subarray(0, 200 * MIB));
          device.patch(Buffer.alloc(MIB), 199 * MIB);
          const text = Buffer.from(bytes.subarray(4096 + offset, 4096 + offset + length));
          for (const [at, character] of pokes) text.write(character, at);
          const changed = Buffer.from(header);
          changed.writeUInt32LE(crc32(0xf597_a6cf, text), 56);
          changed.writeUInt32LE(crc32(0xf597_a6cf, changed.subarray(4)), 0);
          device.patch(text, 4096 + offset);
          device.patch(changed, 4096);
          const found = await readUsedExtents(device);
          expect(endOf(found.used.at(-1) ?? { offsetBytes: 0, lengthBytes: 0 })).toBeLessThanOrEqual(200 * MIB);
        }),
        { numRuns: 25 },
      );
    }, 60_000);
  });

  test('what is striped or spread over two disks is kept whole on each', async () => {
    const segments = withLvm([sparseFile(image, 80 * MIB), sparseFile(other, 80 * MIB)], (lvm, devices) => {
      lvm('pvcreate', '-ff', '-y', ...devices);
      lvm('vgcreate', 'group-2', ...devices);
      lvm('lvcreate', '-an', '-Zn', '-Wn', '-i', '2', '-L', '16m', '-n', 'striped', 'group-2');
      lvm('lvcreate', '-an', '-Zn', '-Wn', '-l', '100%FREE', '-n', 'spread', 'group-2');
      return devices.map((device) => segmentsOf(lvm, device));
    });
    for (const [at, path] of [image, other].entries()) {
      const found = await usedOf(path);
      const given = mergeExtents((segments[at] ?? []).map(extentOf));
      expect(totalBytes(given)).toBeGreaterThan(60 * MIB);
      expect(totalBytes(intersectExtents(found.used, given))).toBe(totalBytes(given));
      expect(new Set(found.warnings.map((warning) => warning.code))).toEqual(new Set(['LVM_VOLUME_OPAQUE']));
    }
  });
});

describe('layouts that need a device mapper to be made', () => {
  const UUID = 'knrDqq7CIJU2TG0lv4VUsihrrOvOCBFJ';
  const volume = (name: string, status: string, segment: string): string => `${name} {\nid = "x"\nstatus = [${status}]\nsegment_count = 1\nsegment1 {\nstart_extent = 0\nextent_count = 3\n${segment}\n}\n}\n`;
  const group = (volumes: string): string => `vg {\nextent_size = 8192\nphysical_volumes {\npv0 {\nid = "knrDqq-7CIJ-U2TG-0lv4-VUsi-hrrO-vOCBFJ"\npe_start = 2048\npe_count = 20\n}\n}\nlogical_volumes {\n${volumes}}\n}\n`;
  const visible = '"READ", "WRITE", "VISIBLE"';
  const linear = (start: number): string => `type = "striped"\nstripe_count = 1\nstripes = [\n"pv0", ${String(start)}\n]`;

  test.each([
    { name: 'a thin pool', text: group(volume('pool', '"READ"', 'type = "thin-pool"\nmetadata = "pool_tmeta"\npool = "pool_tdata"') + volume('pool_tdata', '"READ"', linear(0)) + volume('pool_tmeta', '"READ"', linear(3)) + volume('thin', visible, 'type = "thin"\nthin_pool = "pool"')), opaque: { pool_tdata: 0, pool_tmeta: 3 } },
    { name: 'a mirror', text: group(volume('m', visible, 'type = "mirror"\nmirrors = ["m_mimage_0", 0, "m_mimage_1", 0]') + volume('m_mimage_0', visible, linear(5))), opaque: { m_mimage_0: 5 } },
    { name: 'a move between disks', text: group(volume('root', visible, 'type = "striped"\nstripe_count = 1\nstripes = ["pvmove0", 0]') + volume('pvmove0', '"READ"', 'type = "mirror"\nmirrors = ["pv0", 2, "pv1", 0]')), opaque: { pvmove0: 2 } },
    { name: 'the store of a snapshot', text: group(volume('snap', visible, linear(4)) + volume('snapshot0', visible, 'type = "snapshot"\norigin = "home"\ncow_store = "snap"') + volume('home', visible, linear(9))), opaque: { snap: 4 } },
  ])('$name is kept whole', ({ text, opaque }) => {
    const found = readVolumeGroup(text, UUID, 100 * MIB);
    if (typeof found === 'string') throw new TypeError(found);
    const areas = Object.fromEntries(found.logicalVolumes.filter((one) => one.pieces === null && one.areas.length > 0).map((one) => [one.name, one.areas]));
    expect(areas).toEqual(Object.fromEntries(Object.entries(opaque).map(([name, start]) => [name, [{ offsetBytes: MIB + start * EXTENT, lengthBytes: 3 * EXTENT }]])));
  });

  test.each([
    { name: 'extents behind the end', text: group(volume('root', visible, linear(18))) },
    { name: 'a missing segment', text: group(volume('root', visible, linear(1)).replace('segment_count = 1', 'segment_count = 2')) },
    { name: 'another disk', text: group('').replace('knrDqq', 'xxxxxx') },
    { name: 'more extents than there is room', text: group('').replace('pe_count = 20', 'pe_count = 9007199254740990') },
  ])('$name is refused', ({ text }) => { expect(typeof readVolumeGroup(text, UUID, 100 * MIB)).toBe('string'); });
});

describe('metadata text', () => {
  test('sections, lists, texts and comments', () => {
    expect(parseMetadataText('a { b = 1 # one\n c = "x \\"y\\"" d = ["pv0", 0,\n 7] e = [] }\nf = -3')).toEqual({ a: { b: 1, c: 'x "y"', d: ['pv0', 0, 7], e: [] }, f: -3 });
  });

  test('what is cut off or too deep is refused', () => {
    expect(parseMetadataText('a {')).toBeNull();
    expect(parseMetadataText('a = [1')).toBeNull();
    expect(parseMetadataText('a = "open')).toBeNull();
    expect(parseMetadataText('{'.repeat(100))).toBeNull();
  });

  test('arbitrary text ends', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...Array.from('ab{}[]"=,# \n\\1')), maxLength: 60 }), (text) => { parseMetadataText(text); }));
  });
});
