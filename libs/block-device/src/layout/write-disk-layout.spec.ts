import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type DiskLayout, MIB } from '@lifeboat/model';
import { openBlockReader } from '../device/open-block-reader.js';
import { openBlockWriter } from '../device/open-block-writer.js';
import { MemoryBlockDevice } from '../testing/memory-block-device.js';
import { attachLoop, runTool, temporaryDirectory } from '../testing/run-tool.js';
import { readDiskLayout } from './read-disk-layout.js';
import { rereadPartitionTable } from './reread-partition-table.js';
import { writeDiskLayout } from './write-disk-layout.js';

const directory = temporaryDirectory();
afterAll(() => {
  directory.remove();
});

const SIZE = 64 * MIB;
let made = 0;
const gptScript = 'label: gpt\nsize=8MiB,type=uefi,name="EFI system"\nsize=16MiB,type=linux,name="Wurzel ä😀",attrs="LegacyBIOSBootable GUID:50"\n7: size=4MiB,type=swap\n';
const mbrScript = 'label: dos\nsize=8MiB,type=83,bootable\nsize=4MiB,type=82\nsize=40MiB,type=5\n5: size=4MiB,type=83\n6: size=6MiB,type=7\n7: size=3MiB,type=83\n';

function emptyImage(sizeBytes = SIZE): string {
  made += 1;
  const path = join(directory.path, `disk-${String(made)}.img`);
  writeFileSync(path, '');
  truncateSync(path, sizeBytes);
  return path;
}

function original(script: string): string {
  const path = emptyImage();
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(440, 'boot code '), 0, 440, 0);
  closeSync(file);
  runTool('sfdisk', ['-q', path], script);
  return path;
}

async function layoutOf(path: string): Promise<DiskLayout> {
  const reader = await openBlockReader(path);
  const layout = await readDiskLayout(reader);
  await reader.close();
  return layout;
}

async function write(path: string, layout: DiskLayout): Promise<string> {
  const writer = await openBlockWriter(path);
  try {
    await writeDiskLayout(writer, layout);
  } finally {
    await writer.close();
  }
  return path;
}

/** `sfdisk --dump` without the names of files, and optionally without what depends on the size of the disk. */
const dump = (path: string, options: { sizes: boolean } = { sizes: true }): string =>
  runTool('sfdisk', ['-d', path]).replaceAll(path, 'DISK').replaceAll(/^last-lba: .*\n/gm, options.sizes ? '$&' : '');

describe.each([
  { name: 'GPT', script: gptScript },
  { name: 'GPT by sgdisk', script: null },
  { name: 'GPT with 256 entries', script: 'label: gpt\ntable-length: 256\nsize=8MiB\n200: size=8MiB\n' },
  { name: 'empty GPT', script: 'label: gpt\n' },
  { name: 'MBR', script: mbrScript },
])('$name', ({ script }) => {
  const make = (): string => {
    if (script !== null) return original(script);
    const path = emptyImage();
    runTool('sgdisk', ['-n', '1:0:+8M', '-t', '1:ef00', '-n', '3:0:+20M', '-c', '3:root', '-A', '3:set:2', path]);
    return path;
  };

  test('on an empty disk of the same size: byte for byte the same table', async () => {
    const source = make();
    const target = await write(emptyImage(), await layoutOf(source));
    expect(dump(target)).toBe(dump(source));
    runTool('sfdisk', ['--verify', target]);
    expect(readFileSync(target).subarray(0, 440).equals(readFileSync(source).subarray(0, 440))).toBe(true);
    expect(await layoutOf(target)).toEqual(await layoutOf(source));
  });

  test('on a larger and a smaller disk', async () => {
    const source = make();
    for (const sizeBytes of [SIZE + 30 * MIB, 54 * MIB]) {
      const target = await write(emptyImage(sizeBytes), await layoutOf(source));
      expect(dump(target, { sizes: false })).toBe(dump(source, { sizes: false }));
      runTool('sfdisk', ['--verify', target]);
      if (script !== mbrScript) expect(runTool('sgdisk', ['-v', target])).toMatch(/No problems found/);
      expect((await layoutOf(target)).warnings).toEqual([]);
    }
  });
});

test('a damaged GPT is whole again on the target', async () => {
  const source = original(gptScript);
  const before = await layoutOf(source);
  const file = openSync(source, 'r+');
  writeSync(file, Buffer.from('DAMAGE'), 0, 6, 512 + 60);
  closeSync(file);
  const target = await write(emptyImage(), await layoutOf(source));
  expect(runTool('sgdisk', ['-v', target])).toMatch(/No problems found/);
  expect((await layoutOf(target)).partitions).toEqual(before.partitions);
});

test('a hybrid MBR stays hybrid', async () => {
  const source = original(gptScript);
  runTool('sgdisk', ['--hybrid', '1:2', source]);
  const target = await write(emptyImage(), await layoutOf(source));
  expect(readFileSync(target).subarray(0, 512).equals(readFileSync(source).subarray(0, 512))).toBe(true);
});

test('a disk with 512-byte sectors goes to one with 4096, when its partitions are aligned', async () => {
  const loop = attachLoop(emptyImage(), ['--sector-size', '4096']);
  try {
    const source = await layoutOf(original(gptScript));
    await write(loop.path, source);
    expect(runTool('sgdisk', ['-v', loop.path])).toMatch(/No problems found/);
    const written = await layoutOf(loop.path);
    expect(written.logicalSectorBytes).toBe(4096);
    expect(written.partitions).toEqual(source.partitions);
    const odd = await layoutOf(original('label: gpt\nstart=2049,size=4096\n'));
    await expect(write(loop.path, odd)).rejects.toMatchObject({ code: 'PARTITION_MISALIGNED', details: { partitionNumber: 1 } });
    await expect(write(loop.path, await layoutOf(original('label: dos\nsize=8MiB\n')))).rejects.toMatchObject({ code: 'LAYOUT_INCONSISTENT' });
  } finally {
    loop.detach();
  }
});

describe('refused before the first write', () => {
  const firstTooSmall = 29 * MIB + 33 * 512;
  test.each([
    { name: 'GPT, one sector short for the backup', script: gptScript, sizeBytes: firstTooSmall - 512 },
    { name: 'MBR', script: mbrScript, sizeBytes: 20 * MIB },
  ])('$name on a disk that is too small', async ({ script, sizeBytes }) => {
    const device = new MemoryBlockDevice(sizeBytes);
    await expect(writeDiskLayout(device, await layoutOf(original(script)))).rejects.toMatchObject({ code: 'TARGET_TOO_SMALL' });
    const bytes = new Uint8Array(4096);
    await device.readFully(bytes, 0);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });

  test('but not on the smallest disk that fits', async () => {
    const device = new MemoryBlockDevice(firstTooSmall);
    await writeDiskLayout(device, await layoutOf(original(gptScript)));
    expect((await readDiskLayout(device)).warnings).toEqual([]);
  });

  test('a partition list that contradicts the recorded MBR', async () => {
    const layout = await layoutOf(original(mbrScript));
    const changed = { ...layout, partitions: layout.partitions.slice(1) };
    await expect(writeDiskLayout(new MemoryBlockDevice(SIZE), changed)).rejects.toMatchObject({ code: 'LAYOUT_INCONSISTENT' });
  });
});

test('a layout without a table writes nothing', async () => {
  const device = new MemoryBlockDevice(SIZE);
  await writeDiskLayout(device, await layoutOf(emptyImage()));
  const bytes = new Uint8Array(MIB);
  await device.readFully(bytes, 0);
  expect(bytes.every((byte) => byte === 0)).toBe(true);
});

test('the kernel is asked to look at the table again where it takes partitions at all', async () => {
  const [partitioned, plain] = [attachLoop(emptyImage(), ['--partscan']), attachLoop(emptyImage())];
  try {
    await write(partitioned.path, await layoutOf(original(gptScript)));
    expect(await rereadPartitionTable(partitioned.path)).toBe(true);
    expect(await rereadPartitionTable(plain.path)).toBe(false);
    expect(await rereadPartitionTable(emptyImage())).toBe(false);
  } finally {
    partitioned.detach();
    plain.detach();
  }
});
