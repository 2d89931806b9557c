import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { runTool, temporaryDirectory } from '@lifeboat/block-device/testing';
import { endOf } from '@lifeboat/model';
import type { MappedFile } from '../../files/mapped-file.js';
import { fileExtents, openFilesystem } from '../../files/open-filesystem.js';
import { pathsOfRanges } from '../../files/paths-of-ranges.js';
import { hashTree, writeBusyTree } from '../../testing/busy-tree.js';
import { deviceOf, sparseFile, whileOpen } from '../../testing/image-file.js';
import { contentOf, filesOf } from '../../testing/read-files.js';
import { whileMounted } from '../../testing/mounted-volume.js';

const directory = temporaryDirectory();
afterAll(() => {
  directory.remove();
});

const image = join(directory.path, 'volume.img');

/** A file of single blocks with holes between, so that its map has several levels. */
function writeComb(path: string, blockBytes: number, teeth: number): void {
  const file = openSync(path, 'w');
  for (let tooth = 0; tooth < teeth; tooth += 1) writeSync(file, Buffer.from(`tooth ${String(tooth)}`), 0, null, tooth * 2 * blockBytes);
  closeSync(file);
}

const variants = [
  { name: 'ext2, 1 KiB blocks, pointers', type: 'ext2', args: ['-b', '1024'], blockBytes: 1024 },
  { name: 'ext3, 4 KiB blocks, pointers', type: 'ext3', args: ['-b', '4096'], blockBytes: 4096 },
  { name: 'ext4 as made by default', type: 'ext4', args: ['-b', '4096'], blockBytes: 4096 },
  { name: 'ext4, 1 KiB blocks, inline data', type: 'ext4', args: ['-b', '1024', '-I', '512', '-O', 'inline_data'], blockBytes: 1024 },
  { name: 'bigalloc', type: 'ext4', args: ['-b', '4096', '-O', 'bigalloc', '-C', '16384'], blockBytes: 4096 },
  { name: 'meta_bg, without flex_bg and checksums', type: 'ext4', args: ['-b', '1024', '-O', 'meta_bg,^resize_inode,^flex_bg,^metadata_csum'], blockBytes: 1024 },
  { name: 'uninit_bg, 128-byte inodes', type: 'ext4', args: ['-b', '4096', '-I', '128', '-O', '^metadata_csum,uninit_bg'], blockBytes: 4096 },
] as const;

describe.each(variants)('$name', ({ type, args, blockBytes }) => {
  let inodes = new Map<string, { inode: number; size: number }>();
  let hashes = new Map<string, string>();
  let files: MappedFile[] = [];
  beforeAll(async () => {
    runTool('mke2fs', ['-q', '-F', '-t', type, ...args, sparseFile(image, 80 * 1024 * 1024)]);
    whileMounted(image, (root) => {
      writeBusyTree(root, { smallFiles: 300, rounds: 12 });
      writeComb(join(root, 'comb'), blockBytes, 1500);
      if (type === 'ext4') runTool('fallocate', ['--length', '700000', join(root, 'reserved')]);
      hashes = hashTree(root);
      inodes = new Map([...hashes.keys()].map((path) => [path, { inode: lstatSync(join(root, path)).ino, size: lstatSync(join(root, path)).size }]));
    });
    files = await filesOf(image);
  }, 30_000);

  test('every file has its path and inode, and its extents hold its content', () => {
    const byInode = new Map(files.map((file) => [file.inode, file]));
    expect(files.filter((file) => !file.complete)).toEqual([]);
    expect(byInode.size).toBe(files.length);
    const named = new Set(files.map((file) => file.path));
    const source = openSync(image, 'r');
    let compared = 0;
    for (const [path, hash] of hashes) {
      const { inode, size } = inodes.get(path) ?? { inode: 0, size: -1 };
      const file = byInode.get(inode);
      expect(file?.sizeBytes).toBe(size);
      if (!file || hash.startsWith('->')) continue;
      // A second name of the same file is left out.
      if (path !== 'big' && path !== 'folder-1/big too') expect(named).toContain(`/${path}`);
      const inline = file.extents.length === 0 && size > 0 && size < 400 && args.includes('inline_data' as never);
      if (inline) continue;
      expect({ path, hash: createHash('sha256').update(contentOf(file, source)).digest('hex') }).toEqual({ path, hash });
      compared += 1;
    }
    closeSync(source);
    expect(compared).toBeGreaterThan(200);
    expect(named.has('/big') || named.has('/folder-1/big too')).toBe(true);
  });

  test('extents do not overlap, and debugfs names the same owner for a sample of blocks', async () => {
    const owned = files.flatMap((file) => [...file.extents, ...file.metadata].map((extent) => ({ extent, file }))).sort((a, b) => a.extent.offsetBytes - b.extent.offsetBytes);
    // Files may share a block of attributes, never one of contents.
    const contents = files.flatMap((file) => file.extents).sort((a, b) => a.offsetBytes - b.offsetBytes);
    contents.forEach((extent, at) => { if (at > 0) expect(extent.offsetBytes).toBeGreaterThanOrEqual(endOf(contents[at - 1] ?? extent)); });
    const sample = owned.filter((_, at) => at % Math.ceil(owned.length / 150) === 0);
    const blocks = sample.map(({ extent }) => Math.floor((extent.offsetBytes + extent.lengthBytes / 2) / blockBytes));
    const judged = runTool('debugfs', ['-R', `icheck ${blocks.join(' ')}`, image]).split('\n').slice(1).map((line) => line.split('\t').map(Number));
    const judgedBy = new Map(judged.map(([block, inode]) => [block, inode]));
    expect(sample.map(({ file }) => file.inode)).toEqual(blocks.map((block) => judgedBy.get(block)));
    const places = await whileOpen(image, (reader) => pathsOfRanges(reader, blocks.map((block) => ({ offsetBytes: block * blockBytes + 7, lengthBytes: 1 }))));
    expect(new Set(places.map((place) => place.path))).toEqual(new Set(sample.map(({ file }) => file.path)));
  });

  test('a bad byte in a file is found with its place in the file', async () => {
    const twin = files.find((file) => file.path === '/twin-b');
    const extent = twin?.extents[1];
    expect(extent).toBeDefined();
    if (!twin || !extent) return;
    const places = await whileOpen(image, (reader) => pathsOfRanges(reader, [{ offsetBytes: extent.offsetBytes + 5, lengthBytes: 3 }]));
    expect(places).toEqual([{ path: '/twin-b', fileOffsetBytes: extent.fileOffsetBytes + 5, extent: { offsetBytes: extent.offsetBytes + 5, lengthBytes: 3 } }]);
  });
});

test('what is not ext has no files', async () => {
  sparseFile(image, 1024 * 1024);
  expect(await whileOpen(image, openFilesystem)).toBeNull();
  expect(await filesOf(image)).toEqual([]);
});

test('arbitrary bytes in inodes, maps and directories: no crash, no hang, nothing outside the volume', async () => {
  runTool('mke2fs', ['-q', '-F', '-t', 'ext4', '-b', '1024', '-O', '^metadata_csum,^has_journal', '-N', '256', sparseFile(image, 4 * 1024 * 1024)]);
  whileMounted(image, (root) => {
    writeBusyTree(root, { smallFiles: 30, rounds: 10, bigFileBytes: 300_000, sparse: false });
    writeComb(join(root, 'comb'), 1024, 300);
  });
  const bytes = readFileSync(image);
  const used = (await whileOpen(image, async (reader) => {
    const interesting: number[] = [];
    for await (const file of fileExtents(reader)) {
      for (const extent of [...file.metadata, ...(file.kind === 'directory' ? file.extents : [])]) interesting.push(extent.offsetBytes);
    }
    return interesting;
  }));
  const tableAt = Number(/Inode table at (\d+)/.exec(runTool('dumpe2fs', [image]))?.[1]) * 1024;
  const places = [...used.flatMap((at) => Array.from({ length: 64 }, (_, word) => at + word * 4)), ...Array.from({ length: 80 * 64 }, (_, word) => tableAt + word * 4)];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...places), fc.oneof(fc.nat(0xffff_ffff), fc.nat(5000), fc.constantFrom(...used.map((at) => at / 1024)))), { minLength: 1, maxLength: 40 }), async (pokes) => {
      const device = deviceOf(bytes);
      for (const [at, value] of pokes) {
        const word = Buffer.alloc(4);
        word.writeUInt32LE(value);
        device.patch(word, at);
      }
      let count = 0;
      for await (const file of fileExtents(device)) {
        count += 1;
        for (const extent of [...file.extents, ...file.metadata]) {
          expect(extent.offsetBytes).toBeGreaterThanOrEqual(0);
          expect(endOf(extent)).toBeLessThanOrEqual(statSync(image).size);
        }
      }
      expect(count).toBeLessThan(10_000);
    }),
    { numRuns: 30 },
  );
}, 60_000);
