import { digestOf } from '@lifeboat/codec';
import type { Digest, PackId } from '@lifeboat/model';
import type { ChunkIndex, ChunkPlace, IndexedPack } from '../index/chunk-index.js';
import { ensure, type ConformanceCase } from './store-fs-conformance.js';

const packId = 'ab'.repeat(16) as PackId;
const otherPackId = 'cd'.repeat(16) as PackId;
const digest = (seed: number): Digest => digestOf(Buffer.from(`chunk ${String(seed)}`));
const place = (seed: number): ChunkPlace => ({ packId, recordOffset: 4096 + seed * 16, entry: seed % 4096, lengthBytes: 1 + seed });
const places = (seeds: readonly number[]): Map<Digest, ChunkPlace> => new Map(seeds.map((seed) => [digest(seed), place(seed)]));
const pack = (indexedBytes: number, sealed = false): IndexedPack => ({ packId, sealed, indexedBytes });

/** What every ChunkIndex does; each case gets an empty one. */
export const chunkIndexConformance: readonly ConformanceCase<ChunkIndex>[] = [
  {
    name: 'finds exactly what was written, to the largest numbers',
    run: async (index) => {
      const far: ChunkPlace = { packId, recordOffset: 2 ** 40 + 16, entry: 4095, lengthBytes: 2 ** 20 };
      await index.write({ places: new Map([...places([1, 2, 3]), [digest(4), far]]), packs: [pack(1)] });
      ensure(JSON.stringify(index.find(digest(2))) === JSON.stringify(place(2)), 'a place');
      ensure(JSON.stringify(index.find(digest(4))) === JSON.stringify(far), 'a place with large numbers');
      ensure(index.has(digest(3)) && !index.has(digest(5)) && index.find(digest(5)) === undefined, 'membership');
    },
  },
  {
    name: 'keeps the first place of a digest and counts it once',
    run: async (index) => {
      await index.write({ places: places([1]), packs: [] });
      await index.write({ places: new Map([[digest(1), place(9)]]), packs: [] });
      ensure(JSON.stringify(index.find(digest(1))) === JSON.stringify(place(1)), 'the first place');
      ensure(index.totals().chunks === 1 && index.totals().plainBytes === 2, 'totals');
    },
  },
  {
    name: 'remembers the last state of each pack',
    run: async (index) => {
      await index.write({ places: places([1]), packs: [pack(4096)] });
      await index.write({ places: places([2]), packs: [pack(8192, true)] });
      ensure(JSON.stringify(index.packs()) === JSON.stringify([pack(8192, true)]), 'packs');
    },
  },
  {
    name: 'lets a better place win when told so, and counts it once',
    run: async (index) => {
      await index.write({ places: places([1, 2]), packs: [pack(1)] });
      const better: ChunkPlace = { ...place(1), packId: otherPackId };
      await index.replace({ places: new Map([[digest(1), better], [digest(3), place(3)]]), packs: [{ ...pack(7, true), packId: otherPackId }] });
      ensure(JSON.stringify(index.find(digest(1))) === JSON.stringify(better), 'the better place');
      ensure(JSON.stringify(index.find(digest(2))) === JSON.stringify(place(2)) && JSON.stringify(index.find(digest(3))) === JSON.stringify(place(3)), 'the others');
      ensure(index.totals().chunks === 3 && index.totals().plainBytes === 2 + 3 + 4 && index.packs().length === 2, 'totals');
    },
  },
  {
    name: 'forgets a pack with what still lies in it, and nothing else',
    run: async (index) => {
      await index.write({ places: places([1, 2, 3]), packs: [pack(1)] });
      await index.replace({ places: new Map([[digest(1), { ...place(1), packId: otherPackId }]]), packs: [{ ...pack(7, true), packId: otherPackId }] });
      await index.removePack(packId, [digest(1), digest(2), digest(9)]);
      ensure(index.find(digest(1))?.packId === otherPackId && !index.has(digest(2)), 'what moved away stays, what lay there goes');
      ensure(index.has(digest(3)), 'a digest that was not named stays');
      ensure(index.totals().chunks === 2 && index.totals().plainBytes === 2 + 4, 'totals');
      ensure(index.packs().length === 1 && index.packs()[0]?.packId === otherPackId, 'packs');
    },
  },
  {
    name: 'counts right when changes overlap',
    run: async (index) => {
      await Promise.all([
        index.write({ places: places([1, 2]), packs: [pack(1)] }), index.write({ places: places([2, 3]), packs: [] }),
        index.replace({ places: places([3, 4]), packs: [] }), index.removePack(packId, [digest(1)]), index.write({ places: places([5]), packs: [] }),
      ]);
      ensure(index.totals().chunks === 4 && index.totals().plainBytes === 3 + 4 + 5 + 6, 'totals');
    },
  },
  {
    name: 'forgets everything when cleared, and goes on',
    run: async (index) => {
      await index.write({ places: places([1, 2]), packs: [pack(1)] });
      await index.clear();
      ensure(!index.has(digest(1)) && index.packs().length === 0 && index.totals().chunks === 0 && index.totals().plainBytes === 0, 'empty');
      await index.write({ places: places([3]), packs: [] });
      ensure(index.has(digest(3)) && index.totals().chunks === 1, 'after clearing');
    },
  },
  {
    name: 'tells what lies in a pack',
    run: async (index) => {
      const many = Array.from({ length: 25_000 }, (_, seed) => seed);
      await index.write({ places: places(many), packs: [pack(1)] });
      await index.replace({ places: new Map([[digest(7), { ...place(7), packId: otherPackId }]]), packs: [] });
      const found = new Map<Digest, ChunkPlace>();
      for await (const [named, at] of index.placesIn(packId)) found.set(named, at);
      ensure(found.size === many.length - 1 && !found.has(digest(7)), 'every digest but the one that moved');
      ensure(found.get(digest(24_999))?.lengthBytes === place(24_999).lengthBytes, 'with its place');
    },
  },
  {
    name: 'takes large batches',
    run: async (index) => {
      await index.write({ places: places(Array.from({ length: 5000 }, (_, seed) => seed)), packs: [pack(1)] });
      ensure(index.totals().chunks === 5000 && index.has(digest(0)) && index.has(digest(4999)), 'a large batch');
    },
  },
];
