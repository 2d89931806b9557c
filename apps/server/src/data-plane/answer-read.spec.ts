import fc from 'fast-check';
import { digestOf, expand } from '@lifeboat/codec';
import { KIB, PageTreeBuilder, type Digest, type MapEntry, type RestorePointManifest } from '@lifeboat/model';
import type { BatchFrame, ReadFrame } from '@lifeboat/protocol';
import { ChunkMissing } from '@lifeboat/store';
import { answerRead } from './answer-read.js';
import { pointSource } from './point-source.js';

const chunkBytes = 4 * KIB;

/** Chunks and pages of one volume in memory; what is taken out is lost. */
class SampleStore {
  readonly contents = new Map<Digest, Uint8Array>();
  readonly lengthBytes: number;
  readonly root: Digest;

  constructor(readonly kinds: readonly ('data' | 'zero')[]) {
    const entries = kinds.map((kind, index): MapEntry => {
      const place = { offsetBytes: index * chunkBytes, lengthBytes: chunkBytes };
      if (kind === 'zero') return { kind, ...place };
      const bytes = new Uint8Array(chunkBytes).fill(1 + (index % 255));
      bytes[0] = index >> 8;
      this.contents.set(digestOf(bytes), bytes);
      return { kind, ...place, digest: digestOf(bytes) };
    });
    this.lengthBytes = kinds.length * chunkBytes;
    const builder = new PageTreeBuilder(this.lengthBytes, digestOf, (page) => { this.contents.set(page.digest, page.bytes); });
    for (const entry of entries) builder.push(entry);
    this.root = builder.finish();
  }

  readonly read = (digest: Digest): Promise<Uint8Array> => {
    const bytes = this.contents.get(digest);
    return bytes ? Promise.resolve(bytes) : Promise.reject(new ChunkMissing(digest));
  };

  async answer(read: Partial<ReadFrame> = {}): Promise<{ batches: BatchFrame[]; damagedBytes: number }> {
    const manifest = { disks: [{ volumes: [{ mapRoot: this.root, lengthBytes: this.lengthBytes }] }] } as unknown as RestorePointManifest;
    const source = pointSource({ readPage: this.read, readChunk: this.read }, manifest);
    const batches: BatchFrame[] = [];
    let damagedBytes = 0;
    for await (const part of answerRead(source, { type: 'read', seq: 1, volume: 0, offsetBytes: 0, lengthBytes: this.lengthBytes, mapOnly: false, ...read })) {
      if ('batch' in part) batches.push(part.batch);
      else damagedBytes += part.damagedBytes;
    }
    return { batches, damagedBytes };
  }
}

const arbKinds = fc.array(fc.constantFrom<'data' | 'zero'>('data', 'zero'), { minLength: 1, maxLength: 300 });

test('answers cover the range without gap, and every chunk has the bytes its digest names', async () => {
  await fc.assert(fc.asyncProperty(arbKinds, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), async (kinds, from, share) => {
    const store = new SampleStore(kinds);
    const offsetBytes = Math.floor(from * (store.lengthBytes - 1));
    const lengthBytes = 1 + Math.floor(share * (store.lengthBytes - offsetBytes - 1));
    const { batches, damagedBytes } = await store.answer({ offsetBytes, lengthBytes });
    expect(damagedBytes).toBe(0);
    let at: number | undefined;
    for (const batch of batches) {
      const plain = expand(batch.codec, batch.payload, batch.plainLengthBytes);
      let taken = 0;
      for (const entry of batch.entries) {
        if (at === undefined) expect(entry.offsetBytes).toBeLessThanOrEqual(offsetBytes);
        else expect(entry.offsetBytes).toBe(at);
        at = entry.offsetBytes + entry.lengthBytes;
        if (entry.kind !== 'data') continue;
        expect(digestOf(plain.subarray(taken, taken + entry.lengthBytes))).toBe(entry.digest);
        taken += entry.lengthBytes;
      }
      expect(taken).toBe(batch.plainLengthBytes);
    }
    expect(at).toBeGreaterThanOrEqual(offsetBytes + lengthBytes);
  }), { numRuns: 60 });
});

test('a lost chunk costs its own bytes and nothing more', async () => {
  const store = new SampleStore(Array<'data'>(600).fill('data'));
  const lost = [...store.contents.keys()][100];
  if (lost) store.contents.delete(lost);
  const { batches, damagedBytes } = await store.answer();
  expect(damagedBytes).toBe(chunkBytes);
  const entries = batches.flatMap((batch) => batch.entries);
  expect(entries.filter((entry) => entry.kind === 'unreadable')).toEqual([{ kind: 'unreadable', offsetBytes: 100 * chunkBytes, lengthBytes: chunkBytes }]);
  expect(entries.filter((entry) => entry.kind === 'data')).toHaveLength(599);
});

test('a lost page costs what it maps, a lost root everything', async () => {
  const store = new SampleStore(Array<'data'>(6000).fill('data'));
  const pages = [...store.contents.entries()].filter(([, bytes]) => bytes.length !== chunkBytes).map(([digest]) => digest);
  expect(pages.length).toBeGreaterThan(2);
  const leaf = pages[1];
  if (leaf) store.contents.delete(leaf);
  const { batches, damagedBytes } = await store.answer({ mapOnly: true });
  const known = batches.flatMap((batch) => batch.entries).filter((entry) => entry.kind === 'data').length;
  expect(damagedBytes).toBeGreaterThan(0);
  expect(known * chunkBytes + damagedBytes).toBe(store.lengthBytes);
  store.contents.delete(store.root);
  expect((await store.answer({ mapOnly: true })).damagedBytes).toBe(store.lengthBytes);
});

test.each([{ volume: 1 }, { offsetBytes: 4096, lengthBytes: 8192 }])('refuses to read %j', async (read) => {
  await expect(new SampleStore(['data', 'zero']).answer(read)).rejects.toMatchObject({ code: 'FRAME_UNEXPECTED' });
});
