import { closeSync, openSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MIB } from '@lifeboat/model';
import { openBlockReader } from '@lifeboat/block-device';
import { runTool, temporaryDirectory } from '@lifeboat/block-device/testing';
import { readUsedExtents } from './read-used-extents.js';
import { haveTools } from './testing/tools.js';
import type { UsedExtents } from './used-extents.js';

const directory = temporaryDirectory();
afterAll(() => {
  directory.remove();
});

const SIZE = 300 * MIB;
const image = join(directory.path, 'volume.img');
const UUID = '11111111-2222-4333-8444-555555555555';

function fresh(sizeBytes = SIZE): string {
  writeFileSync(image, '');
  truncateSync(image, sizeBytes);
  return image;
}

function poke(offsetBytes: number, text: string): void {
  const file = openSync(image, 'r+');
  writeSync(file, Buffer.from(text, 'latin1'), 0, text.length, offsetBytes);
  closeSync(file);
}

async function usedOf(): Promise<UsedExtents> {
  const reader = await openBlockReader(image);
  try {
    return await readUsedExtents(reader);
  } finally {
    await reader.close();
  }
}

/** What blkid, which also knows all of them, says. */
function blkid(): Record<string, string> {
  const lines = runTool('blkid', ['-p', '-o', 'export', image]).split('\n');
  return Object.fromEntries(lines.map((line) => line.split('=')).filter((pair) => pair.length === 2)) as Record<string, string>;
}

describe('types, labels and UUIDs agree with blkid', () => {
  test.each([
    { name: 'ext4', tool: 'mkfs.ext4', args: ['-q', '-L', 'wurzel', '-U', UUID], filesystem: 'ext4', mode: 'bitmap' },
    { name: 'ext3', tool: 'mkfs.ext3', args: ['-q', '-L', 'drei', '-U', UUID], filesystem: 'ext3', mode: 'bitmap' },
    { name: 'ext2', tool: 'mkfs.ext2', args: ['-q'], filesystem: 'ext2', mode: 'bitmap' },
    { name: 'external journal', tool: 'mke2fs', args: ['-q', '-O', 'journal_dev'], filesystem: 'unknown', mode: 'all-non-zero' },
    { name: 'swap', tool: 'mkswap', args: ['-L', 'auslagern', '-U', UUID], filesystem: 'swap', mode: 'header-only' },
    { name: 'swap with 64 KiB pages', tool: 'mkswap', args: ['-p', '65536', '-U', UUID], filesystem: 'swap', mode: 'header-only' },
    { name: 'FAT12', tool: 'mkfs.vfat', args: ['-F', '12', '-n', 'KLEIN'], filesystem: 'fat12', mode: 'bitmap', sizeBytes: 20 * MIB },
    { name: 'a FAT32 with few clusters', tool: 'mkfs.vfat', args: ['-F', '32', '-n', 'WENIG'], filesystem: 'fat32', mode: 'bitmap', sizeBytes: 20 * MIB },
    { name: 'FAT16', tool: 'mkfs.vfat', args: ['-F', '16', '-n', 'MITTEL'], filesystem: 'fat16', mode: 'bitmap' },
    { name: 'FAT32', tool: 'mkfs.vfat', args: ['-F', '32', '-n', 'GROSS'], filesystem: 'fat32', mode: 'bitmap' },
    { name: 'XFS', tool: 'mkfs.xfs', args: ['-q', '-L', 'xfs', '-m', `uuid=${UUID}`], filesystem: 'xfs', mode: 'bitmap' },
    { name: 'btrfs', tool: 'mkfs.btrfs', args: ['-q', '-L', 'butter', '-U', UUID], filesystem: 'btrfs', mode: 'bitmap' },
  ])('$name', async ({ tool, args, filesystem, mode, sizeBytes = SIZE }) => {
    fresh(sizeBytes);
    runTool(tool, [...args, image]);
    const found = await usedOf();
    const judged = blkid();
    expect(found).toMatchObject({ filesystem, mode, clean: true });
    if (filesystem !== 'unknown') expect(judged['TYPE']).toBe(filesystem.startsWith('fat') ? 'vfat' : filesystem);
    expect(found.uuid).toBe(judged['UUID'] ?? null);
    expect(found.label).toBe(judged['LABEL'] ?? null);
    if (mode === 'all-non-zero') expect(found.used).toEqual([{ offsetBytes: 0, lengthBytes: sizeBytes }]);
  });

  test.each([
    { name: 'nothing', write: () => undefined, filesystem: 'unknown', codes: [] },
    { name: 'LUKS', write: () => { poke(0, 'LUKS\u00ba\u00be\0\x01'); }, filesystem: 'luks', codes: ['VOLUME_ENCRYPTED'] },
    { name: 'LVM without its metadata', write: () => { poke(512, 'LABELONE'); }, filesystem: 'lvm2', codes: ['FS_MAP_DAMAGED'] },
    { name: 'BitLocker', write: () => { poke(0, '\u00eb\x58\u0090-FVE-FS-'); }, filesystem: 'bitlocker', codes: ['VOLUME_ENCRYPTED'] },
  ])('$name', async ({ write, filesystem, codes }) => {
    fresh();
    write();
    const found = await usedOf();
    expect(found).toMatchObject({ filesystem, mode: 'all-non-zero', used: [{ offsetBytes: 0, lengthBytes: SIZE }] });
    expect(found.warnings.map((warning) => warning.code)).toEqual(codes);
  });
});

const opaque = haveTools(['cryptsetup', 'mksquashfs', 'xorriso'], 4);
(opaque ? describe : describe.skip)('what is kept whole', () => {
  test.each(['luks1', 'luks2'])('%s as cryptsetup makes it', async (type) => {
    fresh(32 * MIB);
    runTool('cryptsetup', ['luksFormat', '-q', '--type', type, '--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000', image, '-'], 'secret');
    expect(await usedOf()).toMatchObject({ filesystem: 'luks', mode: 'all-non-zero', clean: true, warnings: [{ code: 'VOLUME_ENCRYPTED' }], used: [{ offsetBytes: 0, lengthBytes: 32 * MIB }] });
  });

  test.each([
    { name: 'squashfs', make: () => { runTool('mksquashfs', [import.meta.dirname, image, '-noappend', '-quiet', '-no-progress']); }, filesystem: 'squashfs' },
    { name: 'ISO 9660', make: () => { runTool('xorriso', ['-as', 'mkisofs', '-quiet', '-V', 'SCHEIBE', '-o', image, import.meta.dirname]); }, filesystem: 'iso9660' },
  ])('$name', async ({ make, filesystem }) => {
    rmSync(image, { force: true });
    make();
    const sizeBytes = statSync(image).size;
    expect(await usedOf()).toMatchObject({ filesystem, mode: 'all-non-zero', warnings: [], used: [{ offsetBytes: 0, lengthBytes: sizeBytes }] });
  });
});

describe('swap', () => {
  test('only the first page and the bytes after the last are kept; mkswap can read what is left', async () => {
    runTool('mkswap', ['-L', 'auslagern', fresh(SIZE + 1000)]);
    const found = await usedOf();
    expect(found.used).toEqual([{ offsetBytes: 0, lengthBytes: 4096 }, { offsetBytes: SIZE, lengthBytes: 1000 }]);
  });

  test('a hibernated system is kept whole', async () => {
    runTool('mkswap', [fresh()]);
    poke(4086, 'S1SUSPEND\0');
    const found = await usedOf();
    expect(found).toMatchObject({ filesystem: 'swap', mode: 'all-non-zero', used: [{ offsetBytes: 0, lengthBytes: SIZE }], warnings: [{ code: 'SWAP_HOLDS_HIBERNATION' }] });
  });

  test('an absurd header keeps everything', async () => {
    runTool('mkswap', [fresh()]);
    poke(1028, '\u00ff\u00ff\u00ff\u00ff');
    expect(await usedOf()).toMatchObject({ mode: 'all-non-zero', warnings: [{ code: 'FS_SUPERBLOCK_DAMAGED' }] });
  });
});

test('an old filesystem showing through makes the volume opaque', async () => {
  runTool('mkfs.ext4', ['-q', fresh()]);
  poke(4086, 'SWAPSPACE2');
  expect(await usedOf()).toMatchObject({ mode: 'all-non-zero', warnings: [{ code: 'FS_SIGNATURES_CONFLICT' }], used: [{ offsetBytes: 0, lengthBytes: SIZE }] });
});

test.each([0, 1, 511, 1024, 2047, 5000])('a volume of %d bytes is no problem', async (sizeBytes) => {
  fresh(sizeBytes);
  const found = await usedOf();
  expect(found.mode).toBe('all-non-zero');
  expect(found.used).toEqual(sizeBytes === 0 ? [] : [{ offsetBytes: 0, lengthBytes: sizeBytes }]);
});
