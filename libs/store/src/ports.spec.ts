import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@lifeboat/codec';
import type { PackId } from '@lifeboat/model';
import fc from 'fast-check';
import { nodeStoreFs } from './fs/node-store-fs.js';
import { scopedStoreFs } from './fs/scoped-store-fs.js';
import { decodePlace, encodePlace } from './index/chunk-place-codec.js';
import { openLmdbChunkIndex } from './index/lmdb-chunk-index.js';
import { MemoryChunkIndex } from './index/memory-chunk-index.js';
import { chunkIndexConformance } from './testing/chunk-index-conformance.js';
import { storeFsConformance } from './testing/store-fs-conformance.js';
import { MemoryStoreFs } from './testing/memory-store-fs.js';

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'lifeboat-ports-'));
});
afterEach(() => rm(path, { recursive: true }));

describe.each([
  { name: 'a directory', make: () => nodeStoreFs(path) },
  { name: 'memory', make: () => new MemoryStoreFs() },
])('StoreFs on $name', ({ make }) => {
  test.each(storeFsConformance)('$name', async ({ run }) => {
    await expect(run(make())).resolves.toBeUndefined();
  });

  test('as a part of a larger one keeps the same rules', async () => {
    for (const [number, { run }] of storeFsConformance.entries()) {
      const whole = make();
      await whole.mkdir(`part${String(number)}`);
      await run(scopedStoreFs(whole, `part${String(number)}`));
    }
  });
});

describe.each([
  { name: 'memory', make: () => Promise.resolve(new MemoryChunkIndex()) },
  { name: 'LMDB', make: () => openLmdbChunkIndex(join(path, 'index')) },
])('ChunkIndex in $name', ({ make }) => {
  test.each(chunkIndexConformance)('$name', async ({ run }) => {
    const index = await make();
    await expect(run(index)).resolves.toBeUndefined();
    await index.close();
  });
});

describe('the LMDB index', () => {
  const place = { packId: 'cd'.repeat(16) as PackId, recordOffset: 4096, entry: 3, lengthBytes: 65_536 };
  const digest = digestOf(Buffer.from('x'));
  const fill = async (): Promise<void> => {
    const index = await openLmdbChunkIndex(join(path, 'index'));
    await index.write({ places: new Map([[digest, place]]), packs: [{ packId: place.packId, sealed: true, indexedBytes: 9999 }] });
    await index.close();
  };

  test('is there again when opened again', async () => {
    await fill();
    const index = await openLmdbChunkIndex(join(path, 'index'));
    expect(index.find(digest)).toEqual(place);
    expect(index.packs()).toEqual([{ packId: place.packId, sealed: true, indexedBytes: 9999 }]);
    expect(index.totals()).toEqual({ chunks: 1, plainBytes: 65_536 });
    await index.close();
    expect(await readdir(join(path, 'index'))).not.toContain('opening');
  });

  test.each([
    { name: 'whose opening ended the process before', damage: () => writeFile(join(path, 'index', 'opening'), '') },
    { name: 'that is no LMDB file', damage: () => writeFile(join(path, 'index', 'data.mdb'), Buffer.alloc(50_000, 7)) },
    { name: 'that is cut short', damage: () => writeFile(join(path, 'index', 'data.mdb'), Buffer.alloc(100)) },
  ])('begins anew from one $name', async ({ damage }) => {
    await fill();
    await damage();
    const index = await openLmdbChunkIndex(join(path, 'index'));
    expect(index.has(digest)).toBe(false);
    expect(index.packs()).toEqual([]);
    await index.close();
  });

  test('does not believe a value with a changed bit', () => {
    const key = Buffer.from(digest, 'hex');
    fc.assert(fc.property(fc.nat(32 * 8 - 1), fc.boolean(), (bit, inKey) => {
      const value = encodePlace(key, place);
      expect(decodePlace(key, value)).toEqual(place);
      const changed = inKey ? Buffer.from(key) : value;
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodePlace(inKey ? changed : key, value)).toBeUndefined();
    }));
  });
});
