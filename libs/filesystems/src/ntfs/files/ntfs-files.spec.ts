import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { runTool, temporaryDirectory } from '@lifeboat/block-device/testing';
import { endOf } from '@lifeboat/model';
import fc from 'fast-check';
import type { MappedFile } from '../../files/mapped-file.js';
import { fileExtents } from '../../files/open-filesystem.js';
import { pathsOfRanges } from '../../files/paths-of-ranges.js';
import { hashTree, noise, writeBusyTree } from '../../testing/busy-tree.js';
import { deviceOf, sparseFile, whileOpen } from '../../testing/image-file.js';
import { ntfsMount, whileMounted } from '../../testing/mounted-volume.js';
import { contentOf, filesOf } from '../../testing/read-files.js';
import { haveTools } from '../../testing/tools.js';

const directory = temporaryDirectory();
const image = join(directory.path, 'volume.img');
afterAll(() => {
  directory.remove();
});

/** Single clusters with holes between, in so many runs that they overflow into other records. */
function writeComb(path: string, clusterBytes: number): void {
  const file = openSync(path, 'w');
  for (let tooth = 0; tooth < 700; tooth += 1) writeSync(file, Buffer.from(`tooth ${String(tooth)}`), 0, null, tooth * 2 * clusterBytes);
  closeSync(file);
}

const variants = [{ name: '512-byte clusters', clusterBytes: 512, sizeMib: 40 }, { name: '4 KiB clusters', clusterBytes: 4096, sizeMib: 60 }, { name: '64 KiB clusters', clusterBytes: 65_536, sizeMib: 150 }];
const tools = haveTools(['mkntfs', 'ntfs-3g', 'ntfscluster'], variants.length * 2 + 1);

(tools ? describe.each(variants) : describe.skip.each(variants))('NTFS, $name', ({ clusterBytes, sizeMib }) => {
  let files: MappedFile[] = [];
  let hashes = new Map<string, string>();
  let inodes = new Map<string, number>();
  beforeAll(async () => {
    runTool('mkntfs', ['-q', '-F', '-f', '-c', String(clusterBytes), sparseFile(image, sizeMib * 1024 * 1024)]);
    whileMounted(image, (root) => {
      writeBusyTree(root, { smallFiles: 200, rounds: 15 });
      writeComb(join(root, 'comb'), clusterBytes);
      writeFileSync(join(root, 'with-stream'), 'main');
      writeFileSync(join(root, 'with-stream:second'), noise('stream', 90_000));
      hashes = hashTree(root);
      inodes = new Map([...hashes.keys()].map((path) => [path, lstatSync(join(root, path)).ino]));
    }, ntfsMount);
    files = await filesOf(image);
  }, 30_000);

  test('every file has its path and record, and its extents hold its content', () => {
    expect(files.filter((file) => !file.complete)).toEqual([]);
    const byRecord = new Map(files.filter((file) => !file.path.includes(':')).map((file) => [file.inode, file]));
    const source = openSync(image, 'r');
    let compared = 0;
    for (const [path, hash] of hashes) {
      const file = byRecord.get(inodes.get(path) ?? -1);
      expect(file).toBeDefined();
      if (!file) continue;
      if (path !== 'big' && path !== 'folder-1/big too') expect(file.path).toBe(`/${path}`);
      // Short contents lie in the record itself.
      if (file.extents.length === 0 && file.sizeBytes < 1024) continue;
      if (hash.startsWith('->')) continue;
      expect({ path, hash: createHash('sha256').update(contentOf(file, source)).digest('hex') }).toEqual({ path, hash });
      compared += 1;
    }
    const stream = files.find((file) => file.path === '/with-stream:second');
    expect(stream && contentOf(stream, source).equals(noise('stream', 90_000))).toBe(true);
    closeSync(source);
    expect(compared).toBeGreaterThan(120);
    expect(files.find((file) => file.path === '/comb')?.extents.length).toBeGreaterThan(200);
    expect(files.map((file) => file.path)).toContain('/$MFT');
  });

  test('ntfscluster names the same owner for a sample of clusters', async () => {
    const owned = files.flatMap((file) => file.extents.map((extent) => ({ extent, file })));
    const sample = owned.filter((_, at) => at % Math.ceil(owned.length / 15) === 0);
    for (const { extent, file } of sample) {
      const cluster = Math.floor((extent.offsetBytes + extent.lengthBytes / 2) / clusterBytes);
      const judged = runTool('ntfscluster', ['-f', '-q', '-c', String(cluster), image]);
      expect(judged).toContain(`Inode ${String(file.inode)} `);
    }
    const wanted = sample.map(({ extent }) => ({ offsetBytes: extent.offsetBytes + 1, lengthBytes: 1 }));
    const places = await whileOpen(image, (reader) => pathsOfRanges(reader, wanted));
    expect(new Set(places.map((place) => place.path))).toEqual(new Set(sample.map(({ file }) => file.path)));
  });
});

(tools ? test : test.skip)('arbitrary bytes in records: no crash, no hang, nothing outside the volume', async () => {
  runTool('mkntfs', ['-q', '-F', '-f', sparseFile(image, 6 * 1024 * 1024)]);
  whileMounted(image, (root) => { writeBusyTree(root, { smallFiles: 20, rounds: 5, bigFileBytes: 300_000, sparse: false }); }, ntfsMount);
  const bytes = readFileSync(image);
  const mft = Number(bytes.readBigUInt64LE(0x30)) * 4096;
  const places = Array.from({ length: 80 * 400 }, (_, at) => mft + Math.floor(at / 400) * 1024 + (at % 400));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...places), fc.nat(255)), { minLength: 1, maxLength: 60 }), async (pokes) => {
      const device = deviceOf(bytes);
      for (const [at, value] of pokes) device.patch(Buffer.from([value]), at);
      let count = 0;
      for await (const file of fileExtents(device)) {
        count += 1;
        for (const extent of [...file.extents, ...file.metadata]) expect(endOf(extent)).toBeLessThanOrEqual(bytes.length);
      }
      expect(count).toBeLessThan(5000);
    }),
    { numRuns: 30 },
  );
}, 60_000);
