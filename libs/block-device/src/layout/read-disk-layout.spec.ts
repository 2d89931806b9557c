import { openSync, writeSync, closeSync, truncateSync, writeFileSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { DiskLayout, MIB, isLifeboatError } from '@lifeboat/model';
import { openBlockReader } from '../device/open-block-reader.js';
import { MemoryBlockDevice } from '../testing/memory-block-device.js';
import { attachLoop, runTool, temporaryDirectory } from '../testing/run-tool.js';
import { readDiskLayout } from './read-disk-layout.js';

const directory = temporaryDirectory();
afterAll(() => {
  directory.remove();
});

const SIZE = 64 * MIB;
const FUZZED_SIZE = 4 * MIB;
let made = 0;

function emptyImage(sizeBytes = SIZE): string {
  made += 1;
  const path = join(directory.path, `disk-${String(made)}.img`);
  writeFileSync(path, '');
  truncateSync(path, sizeBytes);
  return path;
}

function sfdiskImage(script: string, sizeBytes = SIZE): string {
  const path = emptyImage(sizeBytes);
  runTool('sfdisk', ['-q', path], script);
  return path;
}

function poke(path: string, offsetBytes: number, bytes: Uint8Array | string): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from(bytes as string), 0, bytes.length, offsetBytes);
  closeSync(file);
}

async function layoutOf(path: string): Promise<DiskLayout> {
  const reader = await openBlockReader(path);
  try {
    return DiskLayout.parse(await readDiskLayout(reader));
  } finally {
    await reader.close();
  }
}

/** What sfdisk says of the same disk, in our words. Extended partitions hold others and are no volumes. */
function judged(path: string): { id: string; partitions: unknown[] } {
  const { partitiontable: table } = JSON.parse(runTool('sfdisk', ['--json', path])) as {
    partitiontable: { id: string; label: string; sectorsize: number; partitions: { node: string; start: number; size: number; type: string; uuid?: string; name?: string }[] };
  };
  const partitions = table.partitions
    .filter((partition) => !['5', 'f', '85'].includes(partition.type))
    .sort((a, b) => a.start - b.start)
    .map(({ node, start, size, type, uuid, name }) => ({
      number: Number(/\d+$/.exec(node)?.[0]),
      offsetBytes: start * table.sectorsize,
      lengthBytes: size * table.sectorsize,
      type: table.label === 'gpt' ? type : type.padStart(2, '0'),
      guid: uuid ?? null,
      name: name ?? '',
    }));
  return { id: table.label === 'gpt' ? table.id : table.id.replace('0x', ''), partitions };
}

const shown = (layout: DiskLayout): unknown => ({
  id: layout.tableId,
  partitions: layout.partitions.map(({ number, offsetBytes, lengthBytes, type, guid, name }) => ({ number, offsetBytes, lengthBytes, type, guid, name })),
});
const codes = (layout: DiskLayout): string[] => layout.warnings.map((warning) => warning.code);

const gptScript = 'label: gpt\nsize=8MiB,type=uefi,name="EFI system"\nsize=16MiB,type=linux,name="Wurzel ä€😀",attrs="LegacyBIOSBootable"\nsize=4MiB,type=swap\n';
const mbrScript = 'label: dos\nsize=8MiB,type=83,bootable\nsize=4MiB,type=82\nsize=40MiB,type=5\n5: size=4MiB,type=83\n6: size=6MiB,type=7\n7: size=3MiB,type=83\n';

describe('readDiskLayout agrees with sfdisk', () => {
  test.each([
    { name: 'GPT', script: gptScript, table: 'gpt' },
    { name: 'GPT with holes in the numbers', script: 'label: gpt\n3: size=8MiB\n9: size=8MiB\n1: start=40MiB,size=1MiB\n', table: 'gpt' },
    { name: 'GPT with 256 entries', script: 'label: gpt\ntable-length: 256\nsize=8MiB\n200: size=8MiB\n', table: 'gpt' },
    { name: 'MBR with logical partitions', script: mbrScript, table: 'mbr' },
    { name: 'MBR with primaries only', script: 'label: dos\nlabel-id: 0x00abcdef\nsize=8MiB,type=c\n4: size=4MiB,type=83,bootable\n', table: 'mbr' },
    { name: 'empty GPT', script: 'label: gpt\n', table: 'gpt' },
  ])('$name', async ({ script, table }) => {
    const path = sfdiskImage(script);
    const layout = await layoutOf(path);
    expect(layout.table).toBe(table);
    expect(layout.warnings).toEqual([]);
    expect(shown(layout)).toEqual(judged2(path));
  });

  function judged2(path: string): unknown {
    const text = runTool('sfdisk', ['--json', path]);
    return text.includes('"partitions"') ? judged(path) : { id: /"id": "([^"]+)"/.exec(text)?.[1], partitions: [] };
  }

  test('disks with 4096-byte sectors, as a device and as a plain image of it', async () => {
    const path = emptyImage();
    const loop = attachLoop(path, ['--sector-size', '4096']);
    try {
      runTool('sfdisk', ['-q', '--no-reread', loop.path], gptScript);
      const layout = await layoutOf(loop.path);
      expect(layout.logicalSectorBytes).toBe(4096);
      expect(shown(layout)).toEqual(judged(loop.path));
      const asImage = await layoutOf(path);
      expect(asImage.logicalSectorBytes).toBe(4096);
      expect(asImage.partitions).toEqual(layout.partitions);
    } finally {
      loop.detach();
    }
  });

  test('attributes and flags are kept', async () => {
    expect((await layoutOf(sfdiskImage(gptScript))).partitions[1]?.attributes).toBe('0000000000000004');
    expect((await layoutOf(sfdiskImage(mbrScript))).partitions.map((partition) => [partition.attributes, partition.logical])).toEqual([
      ['80', false], ['00', false], ['00', true], ['00', true], ['00', true],
    ]);
  });

  test('an MBR with fifty logical partitions', async () => {
    const script = 'label: dos\ntype=5\n' + 'size=256KiB\n'.repeat(50);
    const path = sfdiskImage(script, 128 * MIB);
    const layout = await layoutOf(path);
    expect(layout.partitions).toHaveLength(50);
    expect(shown(layout)).toEqual(judged(path));
    expect(layout.tableSectors).toHaveLength(51);
  });
});

describe('damage', () => {
  const intact = sfdiskImage(gptScript);
  const damaged = (...places: number[]): string => {
    made += 1;
    const path = join(directory.path, `damaged-${String(made)}.img`);
    copyFileSync(intact, path);
    for (const place of places) poke(path, place, 'DAMAGE');
    return path;
  };
  const lastSector = SIZE - 512;

  test.each([
    { name: 'primary header', at: [512 + 60], warns: ['GPT_PRIMARY_DAMAGED'] },
    { name: 'primary signature', at: [512], warns: ['GPT_PRIMARY_DAMAGED'] },
    { name: 'primary table', at: [1024 + 130], warns: ['GPT_PRIMARY_DAMAGED'] },
    { name: 'backup header', at: [lastSector + 60], warns: ['GPT_BACKUP_DAMAGED'] },
    { name: 'backup table', at: [lastSector - 32 * 512], warns: ['GPT_BACKUP_DAMAGED'] },
    { name: 'protective MBR', at: [506], warns: ['PROTECTIVE_MBR_MISSING'] },
  ])('$name: read all the same, with a warning, raw bytes kept', async ({ at, warns }) => {
    const before = await layoutOf(intact);
    const layout = await layoutOf(damaged(...at));
    expect(layout.partitions).toEqual(before.partitions);
    expect(layout.tableId).toBe(before.tableId);
    expect(codes(layout)).toEqual(warns);
    expect(layout.tableSectors.map((sector) => sector.offsetBytes)).toEqual([0, 512, 1024, lastSector, lastSector - 32 * 512]);
    const raw = layout.tableSectors.map((sector) => Buffer.from(sector.base64, 'base64').toString('latin1')).join('');
    expect(raw).toContain('DAMAGE');
  });

  test('both copies damaged is an error, never a guess', async () => {
    await expect(layoutOf(damaged(512 + 60, lastSector + 60))).rejects.toMatchObject({ code: 'LAYOUT_UNREADABLE' });
  });

  test('a GPT cut off in its table is an error', async () => {
    const path = damaged();
    truncateSync(path, 5000);
    await expect(layoutOf(path)).rejects.toMatchObject({ code: 'LAYOUT_UNREADABLE', details: { primary: 'table unreadable or outside the disk' } });
    truncateSync(path, 100);
    await expect(layoutOf(path)).rejects.toMatchObject({ code: 'LAYOUT_UNREADABLE' });
  });

  test('an image cut off after its table warns of every partition that lost bytes', async () => {
    const path = damaged();
    truncateSync(path, 12 * MIB);
    const layout = await layoutOf(path);
    expect(layout.partitions.map((partition) => partition.number)).toEqual([1]);
    expect(codes(layout)).toEqual(['PARTITION_OUT_OF_RANGE', 'GPT_BACKUP_DAMAGED']);
  });

  test('an enlarged image uses the backup where the disk used to end', async () => {
    const path = damaged();
    truncateSync(path, SIZE + 16 * MIB);
    const layout = await layoutOf(path);
    expect(codes(layout)).toEqual(['GPT_BACKUP_NOT_AT_END']);
    expect(layout.partitions).toHaveLength(3);
  });

  test('an unreadable primary GPT is replaced by the backup', async () => {
    const reader = await openBlockReader(intact);
    const bytes = new Uint8Array(SIZE);
    await reader.readFully(bytes, 0);
    await reader.close();
    const device = MemoryBlockDevice.of(bytes);
    device.failReads([{ offsetBytes: 512, lengthBytes: 512 }]);
    const layout = await readDiskLayout(device);
    expect(layout.partitions).toHaveLength(3);
    expect(codes(layout)).toEqual(['GPT_PRIMARY_DAMAGED']);
  });

  test('a looping EBR chain ends and keeps what was read', async () => {
    const path = sfdiskImage(mbrScript);
    const layout = await layoutOf(path);
    const lastEbr = layout.tableSectors.at(-1);
    // The second slot of the last EBR links back to the first EBR.
    const link = Buffer.alloc(16);
    link.writeUInt8(5, 4);
    link.writeUInt32LE(0, 8);
    link.writeUInt32LE(100, 12);
    poke(path, (lastEbr?.offsetBytes ?? 0) + 462, link);
    const looping = await layoutOf(path);
    expect(looping.partitions).toEqual(layout.partitions);
    expect(codes(looping)).toEqual(['EBR_CHAIN_LOOPS']);
    link.writeUInt32LE(0x7fff_ffff, 8);
    poke(path, (lastEbr?.offsetBytes ?? 0) + 462, link);
    const outOfRange = await layoutOf(path);
    expect(outOfRange.partitions).toEqual(layout.partitions);
    expect(codes(outOfRange)).toEqual(['EBR_OUT_OF_RANGE']);
  });
});

describe('what only looks like a table', () => {
  const formatted = (make: (path: string) => void): string => {
    const path = emptyImage();
    make(path);
    return path;
  };
  test.each([
    { name: 'FAT', make: (path: string) => runTool('mkfs.vfat', [path]) },
    { name: 'FAT32', make: (path: string) => runTool('mkfs.vfat', ['-F', '32', path]) },
    { name: 'ext4', make: (path: string) => runTool('mkfs.ext4', ['-q', path]) },
    { name: 'swap', make: (path: string) => runTool('mkswap', [path]) },
    { name: 'zeros', make: () => '' },
    { name: 'ext4 over a former GPT', make: (path: string) => [runTool('sfdisk', ['-q', path], gptScript), runTool('mkfs.ext4', ['-q', '-F', path])] },
    { name: 'swap over a former empty MBR', make: (path: string) => [runTool('sfdisk', ['-q', path], 'label: dos\n'), runTool('mkswap', [path])] },
  ])('$name on the bare disk has no table', async ({ make }) => {
    expect(await layoutOf(formatted(make))).toMatchObject({ table: 'none', tableId: null, partitions: [], tableSectors: [] });
  });

  test('hybrid MBR: the GPT counts, with a warning', async () => {
    const path = sfdiskImage(gptScript);
    runTool('sgdisk', ['--hybrid', '1:2', path]);
    const layout = await layoutOf(path);
    expect(layout.table).toBe('gpt');
    expect(codes(layout)).toEqual(['HYBRID_MBR']);
    expect(shown(layout)).toEqual(judged(path));
  });

  test('a GPT left under a plain MBR is not used', async () => {
    const path = sfdiskImage(gptScript);
    const mbr = Buffer.alloc(66);
    mbr.writeUInt8(0x83, 4);
    mbr.writeUInt32LE(2048, 8);
    mbr.writeUInt32LE(4096, 12);
    mbr.writeUInt16LE(0xaa55, 64);
    poke(path, 446, mbr);
    const layout = await layoutOf(path);
    expect(layout).toMatchObject({ table: 'mbr', partitions: [{ number: 1, offsetBytes: MIB, lengthBytes: 2 * MIB, type: '83' }] });
    expect(codes(layout)).toEqual(['GPT_STALE']);
  });

  test('overlapping and impossible MBR partitions are left out with a warning', async () => {
    const path = sfdiskImage(mbrScript);
    const slot = Buffer.alloc(16);
    slot.writeUInt8(0x83, 4);
    slot.writeUInt32LE(2049, 8);
    slot.writeUInt32LE(5, 12);
    poke(path, 446 + 48, slot);
    expect(codes(await layoutOf(path))).toEqual(['PARTITIONS_OVERLAP']);
  });
});

test('any bytes give a layout that obeys its schema, or a typed error', async () => {
  const [gptHead, mbrHead] = await Promise.all(
    ['label: gpt\nsize=1MiB\nsize=1MiB\n', 'label: dos\nsize=1MiB\ntype=5\n5: size=512KiB\n6: size=256KiB\n'].map(async (script) => {
      const reader = await openBlockReader(sfdiskImage(script, FUZZED_SIZE));
      const bytes = new Uint8Array(FUZZED_SIZE);
      await reader.readFully(bytes, 0);
      await reader.close();
      return bytes;
    }),
  );
  const places = [...Array.from({ length: 600 }, (_, at) => at), ...Array.from({ length: 600 }, (_, at) => FUZZED_SIZE - 1 - at), ...Array.from({ length: 66 }, (_, at) => 2 * MIB + 446 + at)];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(gptHead, mbrHead),
      fc.array(fc.tuple(fc.constantFrom(...places), fc.uint8Array({ minLength: 1, maxLength: 8 })), { maxLength: 8 }),
      fc.option(fc.integer({ min: 0, max: FUZZED_SIZE })),
      async (head, pokes, cutTo) => {
        const bytes = Buffer.from(head ?? []);
        for (const [at, poked] of pokes) bytes.set(poked.subarray(0, Math.max(0, bytes.length - at)), at);
        const device = MemoryBlockDevice.of(cutTo === null ? bytes : bytes.subarray(0, cutTo));
        try {
          const layout = DiskLayout.parse(await readDiskLayout(device));
          let end = 0;
          for (const partition of layout.partitions) {
            expect(partition.offsetBytes).toBeGreaterThanOrEqual(end);
            end = partition.offsetBytes + partition.lengthBytes;
          }
          expect(end).toBeLessThanOrEqual(device.sizeBytes);
        } catch (error) {
          if (!isLifeboatError(error) || error.kind === 'defect') throw error;
        }
      },
    ),
    { numRuns: 200 },
  );
}, 60_000);
