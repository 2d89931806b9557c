import { digestOf } from '@lifeboat/codec';
import { MemoryChunkIndex } from '../index/memory-chunk-index.js';
import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { openMemoryStore } from '../testing/memory-store.js';
import { putChunks, sampleChunk } from '../testing/sample-backup.js';

const digests = [0, 1, 2].map((seed) => digestOf(sampleChunk(seed)));

/** A sealed pack of three records with one chunk each, put back to where a crash before its renaming would have left it. */
async function packBeforeRenaming(): Promise<{ fs: MemoryStoreFs; path: string; index: MemoryChunkIndex }> {
  const fs = new MemoryStoreFs();
  const index = new MemoryChunkIndex();
  const store = await openMemoryStore(fs, { index });
  for (const seed of [0, 1, 2]) await putChunks(store, [sampleChunk(seed)]);
  await store.close();
  const sealed = fs.paths().find((name) => name.endsWith('.pack')) ?? '';
  const path = sealed.replace(/^packs\/..\/(.*)\.pack$/, 'open/$1.open');
  await fs.rename(sealed, path);
  return { fs, path, index };
}

test('a pack that was sealed but not renamed is renamed and otherwise unchanged', async () => {
  const { fs, path } = await packBeforeRenaming();
  const bytes = fs.bytesOf(path);
  const store = await openMemoryStore(fs);
  expect(digests.map((digest) => store.has(digest))).toEqual([true, true, true]);
  await store.close();
  const [sealed = ''] = fs.paths().filter((name) => name.endsWith('.pack'));
  expect(fs.bytesOf(sealed).equals(bytes)).toBe(true);
});

test.each([
  { name: 'a lost index', keepIndex: false },
  { name: 'an index that still names the record', keepIndex: true },
])('a footer that lists a record the power cut took is not believed, with $name', async ({ keepIndex }) => {
  const { fs, path, index } = await packBeforeRenaming();
  const before = fs.bytesOf(path);
  const secondPayload = before.indexOf(Buffer.from(digests[1] ?? '', 'hex')) + 200;
  fs.corrupt(path, (bytes) => bytes.fill(0, secondPayload, secondPayload + 100));
  const store = await openMemoryStore(fs, { index: keepIndex ? index : new MemoryChunkIndex() });
  expect(digests.map((digest) => store.has(digest))).toEqual([true, false, true]);
  // The chunk that comes again is new, not a duplicate of what is gone.
  expect((await putChunks(store, [sampleChunk(1)])).newChunks).toBe(1);
  for (const [seed, digest] of digests.entries()) expect(Buffer.compare(await store.readChunk(digest), sampleChunk(seed))).toBe(0);
  await store.close();
  const [sealed = ''] = fs.paths().filter((name) => name.endsWith('.pack') && fs.bytesOf(name).length > before.length);
  const torn = Buffer.from(before).fill(0, secondPayload, secondPayload + 100);
  expect(fs.bytesOf(sealed).subarray(0, before.length).equals(torn)).toBe(true);
});

test.each([
  { name: 'no usable header', change: (bytes: Buffer) => bytes.fill(0, 0, 100), directory: 'quarantine' },
  { name: 'no record', change: (bytes: Buffer) => bytes.fill(0, 4096), directory: 'trash' },
])('a pack with $name is set aside whole', async ({ change, directory }) => {
  const { fs, path } = await packBeforeRenaming();
  fs.corrupt(path, (bytes) => { change(bytes); });
  const bytes = fs.bytesOf(path);
  const store = await openMemoryStore(fs);
  expect(store.has(digests[0] ?? digestOf(new Uint8Array()))).toBe(false);
  await store.close();
  expect(fs.bytesOf(path.replace(/^open/, directory)).equals(bytes)).toBe(true);
});

test('an index that knows packs of another time is made anew', async () => {
  const { fs, index } = await packBeforeRenaming();
  await openMemoryStore(fs).then((store) => store.close());
  const [sealed = ''] = fs.paths().filter((name) => name.endsWith('.pack'));
  await fs.unlink(sealed);
  const store = await openMemoryStore(fs, { index });
  expect(digests.map((digest) => store.has(digest))).toEqual([false, false, false]);
  await store.close();
});
