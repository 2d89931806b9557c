import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, systemClock, systemRandom } from '@lifeboat/codec';
import { randomHex128, type LedgerRecord, type MachineId } from '@lifeboat/model';
import { openStore } from './open-store.js';
import type { Store } from './store.js';
import { MemoryStoreFs } from './testing/memory-store-fs.js';
import { readSampleVolume } from './testing/read-volume.js';
import { openMemoryStore } from './testing/memory-store.js';
import { commitVolume, putChunks, putVolume, sampleChunk, sampleChunkBytes, sampleManifest } from './testing/sample-backup.js';

const machineId = randomHex128(systemRandom) as MachineId;

async function ledgerOf(store: Store, fromSeq = 1): Promise<LedgerRecord[]> {
  const records: LedgerRecord[] = [];
  for await (const record of store.readLedger(fromSeq)) records.push(record);
  return records;
}

describe('a store on a real directory', () => {
  let path: string;
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'lifeboat-store-'));
  });
  afterEach(() => rm(path, { recursive: true }));
  const open = (): Promise<Store> => openStore({ path, clock: systemClock, random: systemRandom, packBytesTarget: 64 * 1024 });

  test('gives back what was committed, also when opened again and without its index', async () => {
    const volume = Array.from({ length: 100 }, (_, index) => (index % 7 === 0 ? null : sampleChunk(index)));
    const expected = Buffer.concat(volume.map((chunk) => chunk ?? new Uint8Array(sampleChunkBytes)));
    let store = await open();
    const manifest = await commitVolume(store, volume, { random: systemRandom, machineId });
    expect(Buffer.compare(await readSampleVolume(store, manifest), expected)).toBe(0);
    await store.close();

    store = await open();
    expect(await store.readManifest(machineId, manifest.pointId)).toEqual(manifest);
    expect(Buffer.compare(await readSampleVolume(store, manifest), expected)).toBe(0);
    const before = await store.stats();
    expect(before.packs).toBeGreaterThan(3);
    await store.close();
    expect(await readdir(join(path, 'open'))).toEqual([]);

    await rm(join(path, 'index'), { recursive: true });
    store = await open();
    expect(Buffer.compare(await readSampleVolume(store, manifest), expected)).toBe(0);
    expect(await store.stats()).toMatchObject({ chunks: before.chunks, plainBytes: before.plainBytes, packs: before.packs, packBytes: before.packBytes });
    await store.close();
  });

  test('has one owner', async () => {
    const store = await open();
    await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED', retry: 'later' });
    await store.close();
    await (await open()).close();
  });

  test('touches no foreign directory', async () => {
    await writeFile(join(path, 'holiday.jpg'), 'x');
    await expect(open()).rejects.toMatchObject({ code: 'STORE_NOT_A_STORE', details: { found: 'holiday.jpg' } });
    expect(await readdir(path)).toEqual(['holiday.jpg']);
  });

  test('makes a broken index anew', async () => {
    let store = await open();
    const manifest = await commitVolume(store, [sampleChunk(1)], { random: systemRandom, machineId });
    await store.close();
    await writeFile(join(path, 'index', 'data.mdb'), Buffer.alloc(20_000, 0x5a));
    store = await open();
    expect(Buffer.compare(await readSampleVolume(store, manifest), sampleChunk(1))).toBe(0);
    await store.close();
  });
});

describe('chunks', () => {
  test('are stored once, and a mixed segment stores only what is new', async () => {
    const store = await openMemoryStore();
    const first = await putChunks(store, [sampleChunk(1), sampleChunk(2)]);
    expect(first.newChunks).toBe(2);
    expect(await putChunks(store, [sampleChunk(1), sampleChunk(2)])).toEqual({ storedBytes: 0, newChunks: 0 });
    const mixed = await putChunks(store, [sampleChunk(2), sampleChunk(3), sampleChunk(3), sampleChunk(1)]);
    expect(mixed.newChunks).toBe(1);
    expect(mixed.storedBytes).toBeLessThan(first.storedBytes);
    for (const seed of [1, 2, 3]) expect(Buffer.compare(await store.readChunk(digestOf(sampleChunk(seed))), sampleChunk(seed))).toBe(0);
    await store.flush();
    expect((await store.stats()).chunks).toBe(3);
    await expect(store.readChunk(digestOf(sampleChunk(4)))).rejects.toMatchObject({ code: 'CHUNK_MISSING' });
    await store.close();
  });

  test('that are damaged say so with their place', async () => {
    const fs = new MemoryStoreFs();
    const store = await openMemoryStore(fs);
    await putChunks(store, [sampleChunk(1)]);
    await store.flush();
    const pack = fs.paths().find((path) => path.endsWith('.open')) ?? '';
    fs.corrupt(pack, (bytes) => { bytes[4096 + 200] = (bytes[4096 + 200] ?? 0) ^ 1; });
    await expect(store.readChunk(digestOf(sampleChunk(1)))).rejects.toMatchObject({ code: 'CHUNK_DAMAGED', details: { offsetBytes: 4096, packId: pack.slice(5, 37) } });
    await store.close();
  });
});

describe('commit', () => {
  test('refuses a point whose content is not all there', async () => {
    const store = await openMemoryStore();
    const other = await openMemoryStore();
    const mapRoot = await putVolume(other, [sampleChunk(1), sampleChunk(2)]);
    const manifest = sampleManifest({ random: systemRandom, machineId, mapRoot, chunks: 2 });
    await expect(store.commitPoint(manifest)).rejects.toMatchObject({ code: 'POINT_CLOSURE_BROKEN', details: { missing: [mapRoot], missingCount: 1 } });
    await store.putPage({ digest: mapRoot, bytes: await other.readPage(mapRoot) });
    await putChunks(store, [sampleChunk(1)]);
    await expect(store.commitPoint(manifest)).rejects.toMatchObject({ details: { missing: [digestOf(sampleChunk(2))] } });
    await expect(store.readManifest(machineId, manifest.pointId)).rejects.toMatchObject({ code: 'POINT_MISSING' });
    await putChunks(store, [sampleChunk(2)]);
    const committed = await store.commitPoint(manifest);
    expect(await store.commitPoint(manifest)).toEqual(committed);
    await expect(store.commitPoint({ ...manifest, durationMs: 7 })).rejects.toMatchObject({ code: 'POINT_EXISTS' });
    expect((await ledgerOf(store)).map((record) => record.event.type)).toEqual(['store.created', 'writer.takeover', 'point.committed']);
    expect((await ledgerOf(store, 3)).map((record) => record.seq)).toEqual([3]);
    await store.close();
    await other.close();
  });

  test('counts owners and keeps the ledger in order across them', async () => {
    const fs = new MemoryStoreFs();
    for (let owner = 1; owner <= 3; owner += 1) {
      const store = await openMemoryStore(fs);
      await Promise.all([1, 2, 3].map(() => store.appendLedger({ type: 'policy.set', machineId: null, policy: null })));
      await store.close();
    }
    const store = await openMemoryStore(fs);
    const records = await ledgerOf(store);
    expect(records.map((record) => record.seq)).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
    expect(records.flatMap(({ event }) => (event.type === 'writer.takeover' ? [event.writerToken] : []))).toEqual([1, 2, 3, 4]);
    await store.close();
  });
});
