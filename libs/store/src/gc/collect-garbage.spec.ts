import { digestOf } from '@lifeboat/codec';
import type { Digest, MachineId, RestorePointManifest } from '@lifeboat/model';
import type { Store } from '../store.js';
import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { openMemoryStore, seededRandom } from '../testing/memory-store.js';
import { readSampleVolume } from '../testing/read-volume.js';
import { commitVolume, putChunks, putVolume, sampleChunk, sampleManifest, type SampleVolume } from '../testing/sample-backup.js';
import { listRecords, scanPack } from '../pack/list-records.js';
import { listPacks } from '../recovery/reconcile-index.js';
import type { CollectGarbageOptions, GcReport } from './gc-options.js';

const machineId = 'ab'.repeat(16) as MachineId;
const dayMs = 86_400_000;
const quarantineMs = 3 * dayMs;

let fs: MemoryStoreFs;
let store: Store;
let random: ReturnType<typeof seededRandom>;
const open = (packBytesTarget = 24 * 1024): Promise<Store> => openMemoryStore(fs, { packBytesTarget });
beforeEach(async () => {
  fs = new MemoryStoreFs();
  random = seededRandom(7);
  store = await open();
});
afterEach(() => store.close());

const chunksOf = (from: number, to: number): Uint8Array[] => Array.from({ length: to - from }, (_, index) => sampleChunk(from + index));
const digestsOf = (from: number, to: number): Digest[] => chunksOf(from, to).map((chunk) => digestOf(chunk));
const collect = (options: Partial<CollectGarbageOptions> = {}): Promise<GcReport> => store.collectGarbage({ sessions: () => [], trustedNowMs: 0, quarantineMs: 0, ...options });
const condemn = (options: Partial<CollectGarbageOptions> = {}): Promise<GcReport> => collect({ quarantineMs, ...options });
const commit = (volume: SampleVolume): Promise<RestorePointManifest> => commitVolume(store, volume, { random, machineId });
const purge = (point: RestorePointManifest): Promise<void> => store.purgePoint(machineId, point.pointId);
const packFiles = (): string[] => fs.paths().filter((path) => /^(packs|open)\/.*\.(pack|open)$/.test(path));
const assertWhole = async (point: RestorePointManifest, volume: Uint8Array[]): Promise<void> => {
  expect(Buffer.concat(volume).equals(await readSampleVolume(store, await store.readManifest(machineId, point.pointId)))).toBe(true);
};
const eventTypes = async (): Promise<string[]> => {
  const types: string[] = [];
  for await (const { event } of store.readLedger(1)) types.push(event.type);
  return types;
};

test('frees what only purged points named and keeps the rest', async () => {
  const first = await commit(chunksOf(0, 40));
  const second = await commit(chunksOf(30, 60));
  await purge(first);
  const before = await store.stats();
  const report = await collect({ compactBelowLiveRatio: 1 });
  const after = await store.stats();
  expect(report).toMatchObject({ liveChunks: 30, livePlainBytes: 30 * 4096, reclaimableBytes: 0, keptDamagedPacks: 0 });
  expect(report.deletedPacks).toBeGreaterThan(0);
  expect(report.rewrittenPacks).toBeGreaterThan(0);
  expect(after.packBytes).toBeLessThan(before.packBytes);
  expect(after.packBytes).toBe(packFiles().reduce((sum, path) => sum + fs.bytesOf(path).length, 0));
  await assertWhole(second, chunksOf(30, 60));
  expect(store.has(digestOf(sampleChunk(3)))).toBe(false);
  await expect(store.readManifest(machineId, first.pointId)).rejects.toMatchObject({ code: 'POINT_MISSING' });
  await store.close();
  store = await open();
  expect(await store.stats()).toMatchObject({ reclaimableBytes: 0 });
  await assertWhole(second, chunksOf(30, 60));
  expect((await collect()).deletedPacks).toBe(0);
});

describe('quarantine', () => {
  test('keeps condemned packs for its time of trusted time, over a restart', async () => {
    const kept = await commit(chunksOf(50, 60));
    await purge(await commit(chunksOf(0, 40)));
    const files = packFiles().length;
    const first = await condemn();
    expect(first.condemnedPacks).toBeGreaterThan(0);
    expect(first).toMatchObject({ deletedPacks: 0, freedBytes: expect.any(Number) as number });
    expect(first.reclaimableBytes).toBeGreaterThan(0);
    expect((await store.stats()).reclaimableBytes).toBe(first.reclaimableBytes);
    expect(packFiles().length).toBeGreaterThanOrEqual(files);
    await store.close();
    store = await open();
    expect((await store.stats()).reclaimableBytes).toBe(first.reclaimableBytes);
    expect((await condemn({ trustedNowMs: quarantineMs - 1 })).deletedPacks).toBe(0);
    const last = await condemn({ trustedNowMs: quarantineMs });
    expect(last.deletedPacks).toBe(first.condemnedPacks + first.rewrittenPacks);
    expect(last.freedBytes).toBeGreaterThanOrEqual(first.reclaimableBytes);
    expect(last.reclaimableBytes).toBe(0);
    await assertWhole(kept, chunksOf(50, 60));
  });

  test('does not stop new content from being stored again, nor the old from being read', async () => {
    await commit(chunksOf(50, 60));
    await purge(await commit(chunksOf(0, 10)));
    await condemn();
    expect(store.has(digestOf(sampleChunk(3)))).toBe(true);
    expect(Buffer.from(sampleChunk(3)).equals(await store.readChunk(digestOf(sampleChunk(3))))).toBe(true);
    expect((await putChunks(store, chunksOf(0, 10))).newChunks).toBe(10);
    const again = await commit(chunksOf(0, 10));
    await condemn({ trustedNowMs: quarantineMs });
    expect(await eventTypes()).not.toContain('packs.rescued');
    await assertWhole(again, chunksOf(0, 10));
  });
});

describe('a commit', () => {
  test('rescues the condemned packs it needs', async () => {
    await commit(chunksOf(50, 60));
    const mapRoot = await putVolume(store, chunksOf(0, 20));
    await condemn({ compactBelowLiveRatio: 0 });
    const manifest = sampleManifest({ random, machineId, mapRoot, chunks: 20 });
    await store.commitPoint(manifest);
    expect(await eventTypes()).toContain('packs.rescued');
    expect((await condemn({ compactBelowLiveRatio: 0, trustedNowMs: quarantineMs })).deletedPacks).toBe(0);
    await assertWhole(manifest, chunksOf(0, 20));
  });

  test('names the ranges whose bytes are gone', async () => {
    await commit(chunksOf(50, 60));
    const first = sampleManifest({ random, machineId, mapRoot: await putVolume(store, chunksOf(0, 20)), chunks: 20 });
    await collect({ compactBelowLiveRatio: 1, sessions: () => [first.disks[0]?.volumes[0]?.mapRoot ?? digestOf(new Uint8Array()), ...digestsOf(0, 7), ...digestsOf(9, 20)] });
    await expect(store.commitPoint(first)).rejects.toMatchObject({
      code: 'POINT_CLOSURE_BROKEN', missing: digestsOf(7, 9), missingCount: 2,
      ranges: [7, 8].map((seed) => ({ volumeId: 'disk0/p1', kind: 'chunk', digest: digestOf(sampleChunk(seed)), offsetBytes: seed * 4096, lengthBytes: 4096 })),
    });
    await putChunks(store, chunksOf(7, 9));
    await store.commitPoint(first);
    await assertWhole(first, chunksOf(0, 20));
  });

  test('does not trust what an earlier one validated once packs have gone', async () => {
    const first = await commit(chunksOf(0, 20));
    const second = { ...first, ...sampleManifest({ random, machineId, mapRoot: first.disks[0]?.volumes[0]?.mapRoot ?? digestOf(new Uint8Array()), chunks: 20 }) };
    await commit(chunksOf(50, 60));
    await purge(first);
    await collect();
    await expect(store.commitPoint(second)).rejects.toMatchObject({ code: 'POINT_CLOSURE_BROKEN', ranges: [expect.objectContaining({ kind: 'page', offsetBytes: 0, lengthBytes: 20 * 4096 })] });
  });

  test('that validates a subtree again during a collection keeps it', async () => {
    const first = await commit(chunksOf(0, 20));
    const second = sampleManifest({ random, machineId, mapRoot: first.disks[0]?.volumes[0]?.mapRoot ?? digestOf(new Uint8Array()), chunks: 20 });
    await commit(chunksOf(50, 60));
    await purge(first);
    await collect({
      sessions: async () => {
        await store.commitPoint(second);
      },
    });
    await assertWhole(second, chunksOf(0, 20));
    await collect();
    await assertWhole(second, chunksOf(0, 20));
  });
});

describe('a running backup', () => {
  test('keeps what its session tells, however it tells it', async () => {
    await commit(chunksOf(50, 60));
    await putVolume(store, chunksOf(0, 20));
    const listed = digestsOf(0, 20);
    await collect({ sessions: () => listed });
    // eslint-disable-next-line @typescript-eslint/require-await
    await collect({ async *sessions() { yield* listed; } });
    await collect({ sessions: (visit) => { listed.forEach((digest) => { visit(digest); }); return Promise.resolve(); } });
    for (const digest of listed) expect(digestOf(await store.readChunk(digest))).toBe(digest);
  });

  test('keeps the whole of a map its session relies on', async () => {
    await commit(chunksOf(50, 60));
    const mapRoot = await putVolume(store, chunksOf(0, 20));
    await collect({ extraPoints: () => [{ digest: mapRoot, lengthBytes: 20 * 4096 }] });
    await store.commitPoint(sampleManifest({ random, machineId, mapRoot, chunks: 20 }));
  });

  test.each(['mark', 'condemn'] as const)('keeps the packs of duplicates that come during %s', async (phase) => {
    const kept = await commit(chunksOf(50, 60));
    await purge(await commit(chunksOf(0, 20)));
    const puts: Promise<{ newChunks: number }>[] = [];
    let cycles = 0;
    await collect({
      // The session begins during the first cycle, behind its look at sessions; the next ones know it.
      sessions: () => ((cycles += 1) === 1 ? [] : digestsOf(0, 20)),
      onProgress: (progress) => {
        if (progress.phase === phase && puts.length === 0) puts.push(putChunks(store, chunksOf(0, 20)));
      },
    });
    expect((await Promise.all(puts)).map(({ newChunks }) => newChunks)).toEqual([0]);
    for (const digest of digestsOf(0, 20)) expect(digestOf(await store.readChunk(digest))).toBe(digest);
    await assertWhole(kept, chunksOf(50, 60));
  });
});

describe('gives nothing up', () => {
  const unchanged = async (code: string, options: Partial<CollectGarbageOptions> = {}): Promise<void> => {
    await expect(collect(options)).rejects.toMatchObject({ code });
    expect((await eventTypes()).filter((type) => /^packs\.(condemned|deleted)/.test(type))).toEqual([]);
  };

  test('when a point file cannot be read', async () => {
    const kept = await commit(chunksOf(50, 60));
    await purge(await commit(chunksOf(0, 20)));
    for (const path of fs.paths().filter((name) => name.includes(kept.pointId) && !name.startsWith('trash/'))) fs.corrupt(path, (bytes) => { bytes[200] = (bytes[200] ?? 0) ^ 1; });
    await unchanged('GC_ROOT_UNREADABLE');
  });

  test('when a page of a map cannot be read', async () => {
    const kept = await commit(chunksOf(50, 60));
    await purge(await commit(chunksOf(0, 20)));
    await store.close();
    for (const path of fs.paths().filter((name) => name.endsWith('.par'))) await fs.unlink(path);
    // Both copies of the kept map's page: header of the pack, header of the record and its table stay whole.
    const rotten = packFiles().filter((path) => fs.bytesOf(path)[48] === 2);
    for (const path of rotten) fs.corrupt(path, (bytes) => { bytes.fill(0x5a, 4096 + 96 + 40, 4096 + 96 + 44); });
    expect(kept.pointId).toBeDefined();
    store = await open();
    await unchanged('GC_ROOT_UNREADABLE');
  });

  test('when there are packs but never was a point', async () => {
    await putVolume(store, chunksOf(0, 20));
    await unchanged('GC_IMPLAUSIBLE');
  });

  test('when packs know more of the ledger than the ledger', async () => {
    const other = new MemoryStoreFs();
    const ahead = await openMemoryStore(other);
    await ahead.close();
    const old = other.copy();
    const later = await openMemoryStore(other);
    for (let count = 0; count < 20; count += 1) await later.appendLedger({ type: 'policy.set', machineId, policy: null });
    await commitVolume(later, chunksOf(0, 20), { random, machineId });
    await later.close();
    // The ledger of before, the packs of now: as after a careless copy.
    for (const path of other.paths().filter((name) => name.startsWith('packs/'))) await copyInto(old, path, other.bytesOf(path));
    const point = await openMemoryStore(old);
    await commitVolume(point, chunksOf(50, 60), { random, machineId });
    await expect(point.collectGarbage({ sessions: () => [], trustedNowMs: 0, quarantineMs: 0 })).rejects.toMatchObject({ code: 'GC_IMPLAUSIBLE' });
    await point.close();
  });

  test('to a second collection at the same time, and goes on after an interrupted one', async () => {
    const kept = await commit(chunksOf(50, 60));
    await purge(await commit(chunksOf(0, 40)));
    const stop = new AbortController();
    const first = collect({ signal: stop.signal, onProgress: () => { stop.abort(); } });
    await expect(collect()).rejects.toMatchObject({ code: 'GC_RUNNING' });
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    expect((await collect()).deletedPacks).toBeGreaterThan(0);
    await assertWhole(kept, chunksOf(50, 60));
  });

  test('ends with the store', async () => {
    await commit(chunksOf(0, 40));
    const running = collect();
    const outcome = expect(running).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await store.close();
    await outcome;
    store = await open();
  });
});

async function copyInto(target: MemoryStoreFs, path: string, bytes: Uint8Array): Promise<void> {
  const directory = path.slice(0, path.lastIndexOf('/'));
  await target.mkdir(directory);
  const file = await target.open(path, 'create');
  await file.writeAt(bytes, 0);
  await file.sync();
  await target.syncDir(directory);
  await target.syncDir('packs');
}

test('deletes whole packs at 0 bytes free, and copies nothing before', async () => {
  await store.close();
  store = await openMemoryStore(fs, { packBytesTarget: 24 * 1024, reserveBytes: 256 * 1024 });
  await store.fillReserve();
  const kept = await commit(chunksOf(50, 60));
  const [first, second] = [await commit(chunksOf(0, 40)), await commit(chunksOf(0, 3))];
  await store.settleParity();
  fs.capacityBytes = 2 ** 40 - (await store.stats()).freeBytes;
  expect((await store.stats()).freeBytes).toBe(0);
  await purge(first);
  await purge(second);
  const report = await collect({ compactBelowLiveRatio: 1 });
  expect(report.deletedPacks).toBeGreaterThan(2);
  expect(report.freedBytes).toBeGreaterThan(60_000);
  await assertWhole(kept, chunksOf(50, 60));
});

test('keeps one of several copies', async () => {
  const mapRoot = await putVolume(store, chunksOf(0, 4), 4);
  await store.close();
  store = await open();
  await commit(chunksOf(50, 60));
  await condemn({ compactBelowLiveRatio: 0 });
  // Condemned content is stored again; then a commit that needs its neighbours brings the old copies back.
  const again = await commit(chunksOf(0, 2));
  const rescued = sampleManifest({ random, machineId, mapRoot, chunks: 4 });
  await store.commitPoint(rescued);
  await store.close();
  store = await open();
  expect(await copiesOf(digestOf(sampleChunk(0)))).toBe(2);
  await collect({ compactBelowLiveRatio: 1 });
  expect(await copiesOf(digestOf(sampleChunk(0)))).toBe(1);
  await assertWhole(again, chunksOf(0, 2));
  await assertWhole(rescued, chunksOf(0, 4));
});

async function copiesOf(digest: Digest): Promise<number> {
  let copies = 0;
  for (const [packId, path] of await listPacks(fs)) {
    for (const { entries } of (await (path.startsWith('open/') ? scanPack : listRecords)(fs, path, packId)).records) copies += entries.filter((entry) => entry.digest === digest).length;
  }
  return copies;
}

test('takes the parity of deleted packs along', async () => {
  await commit(chunksOf(50, 60));
  await purge(await commit(chunksOf(0, 40)));
  await condemn({ compactBelowLiveRatio: 1 });
  await store.settleParity();
  for (const path of packFiles().map((name) => name.replace('.pack', '.par'))) if (path.startsWith('packs/') && !fs.paths().includes(path)) await copyInto(fs, path, Buffer.from('parity'));
  const parity = (): string[] => fs.paths().filter((path) => path.endsWith('.par')).map((path) => path.replace('.par', '.pack'));
  expect(parity().length).toBeGreaterThan(2);
  await condemn({ trustedNowMs: quarantineMs });
  expect(parity().filter((path) => !packFiles().includes(path))).toEqual([]);
});

describe('point files', () => {
  test('of a purge that was cut short are taken away', async () => {
    const gone = await commit(chunksOf(0, 20));
    await commit(chunksOf(50, 60));
    await store.appendLedger({ type: 'point.purged', machineId, pointId: gone.pointId });
    await store.close();
    store = await open();
    expect(fs.paths().some((path) => path.startsWith('points/') && path.includes(gone.pointId))).toBe(true);
    expect((await collect()).uncommittedPoints).toBe(0);
    expect(fs.paths().some((path) => path.startsWith('points') && path.includes(gone.pointId))).toBe(false);
    expect(store.has(digestOf(sampleChunk(3)))).toBe(false);
    await collect();
    expect(fs.paths().filter((path) => path.startsWith('trash/'))).toEqual([]);
  });

  test('that no record speaks of keep what they name for days, then go', async () => {
    await commit(chunksOf(50, 60));
    const before = fs.copy();
    const lost = await commit(chunksOf(0, 20));
    await store.close();
    // The point file is there, the record is not: as when the process died between the two.
    const paths = fs.paths();
    for (const path of paths.filter((name) => name.startsWith('ledger'))) await fs.unlink(path);
    for (const path of before.paths().filter((name) => name.startsWith('ledger'))) await copyInto(fs, path, before.bytesOf(path));
    store = await open();
    expect(await collect({ trustedNowMs: 5 })).toMatchObject({ uncommittedPoints: 1 });
    expect(store.has(digestOf(sampleChunk(3)))).toBe(true);
    await collect({ trustedNowMs: 5 + dayMs });
    expect(fs.paths().some((path) => path.startsWith('points') && path.includes(lost.pointId))).toBe(false);
    await collect({ trustedNowMs: 5 + 2 * dayMs });
    expect(store.has(digestOf(sampleChunk(3)))).toBe(false);
  });
});
