import { digestOf, systemClock } from '@lifeboat/codec';
import type { Digest, MachineId, RestorePointManifest } from '@lifeboat/model';
import { errnoOf } from '../fs/errno.js';
import { MemoryChunkIndex } from '../index/memory-chunk-index.js';
import { listRecords, scanPack } from '../pack/list-records.js';
import { listPacks } from '../recovery/reconcile-index.js';
import type { Store } from '../store.js';
import type { GcReport } from './gc-options.js';
import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { openMemoryStore, seededRandom } from '../testing/memory-store.js';
import { readSampleVolume } from '../testing/read-volume.js';
import { commitVolume, putChunks, putVolume, sampleChunk, sampleManifest } from '../testing/sample-backup.js';
import { walkClosure } from '../commit/walk-closure.js';

/** Hundreds of runs; a loaded machine takes its time. */
const timeoutMs = 300_000;
const machineId = 'ab'.repeat(16) as MachineId;
const chunksOf = (from: number, to: number): Uint8Array[] => Array.from({ length: to - from }, (_, index) => sampleChunk(from + index));
const old = chunksOf(0, 9);
const kept = chunksOf(6, 12);
/** Comes while garbage is collected, and needs some of what the purged point leaves. */
const fresh = [...chunksOf(2, 4), ...chunksOf(30, 32)];

/** Each owner has a seed of its own: pack ids must never repeat. */
let owners = 1000;
const open = (fs: MemoryStoreFs, index: MemoryChunkIndex): Promise<Store> => (
  openMemoryStore(fs, { random: seededRandom((owners += 1)), packBytesTarget: 12 * 1024, clock: { ...systemClock, nowMs: () => 1_700_000_000_000 }, index })
);

type Prepared = Readonly<{ fs: MemoryStoreFs; purged: RestorePointManifest; staying: RestorePointManifest }>;

async function prepare(): Promise<Prepared> {
  const fs = new MemoryStoreFs();
  const store = await open(fs, new MemoryChunkIndex());
  const random = seededRandom(1);
  const purged = await commitVolume(store, old, { random, machineId });
  const staying = await commitVolume(store, kept, { random, machineId });
  await store.close();
  return { fs, purged, staying };
}

/** What was promised by the time the process died. */
type Promised = { purged: boolean; fresh: RestorePointManifest | undefined };

async function work(store: Store, prepared: Prepared, promised: Promised): Promise<void> {
  await store.purgePoint(machineId, prepared.purged.pointId);
  promised.purged = true;
  // What the session put before the cycle is told; what it puts during the cycle the store notes itself.
  await putChunks(store, fresh.slice(2));
  let backup: Promise<void> | undefined;
  await store.collectGarbage({
    sessions: () => fresh.map((chunk) => digestOf(chunk)), trustedNowMs: 0, quarantineMs: 0, compactBelowLiveRatio: 1,
    onProgress: ({ phase }) => {
      if (phase !== 'condemn' || backup) return;
      backup = backUp(store, promised);
      backup.catch(() => undefined);
    },
  });
  await backup;
}

async function backUp(store: Store, promised: Promised): Promise<void> {
  const manifest = sampleManifest({ random: seededRandom(2), machineId, mapRoot: await putVolume(store, fresh), chunks: fresh.length });
  await store.commitPoint(manifest);
  promised.fresh = manifest;
}

async function assertPoint(store: Store, manifest: RestorePointManifest, volume: readonly Uint8Array[]): Promise<void> {
  const bytes = await readSampleVolume(store, await store.readManifest(machineId, manifest.pointId));
  expect(Buffer.concat(volume).equals(bytes)).toBe(true);
}

async function assertPromises(store: Store, prepared: Prepared, promised: Promised): Promise<void> {
  await assertPoint(store, prepared.staying, kept);
  if (promised.fresh) await assertPoint(store, promised.fresh, fresh);
  if (promised.purged) await expect(store.readManifest(machineId, prepared.purged.pointId)).rejects.toMatchObject({ code: 'POINT_MISSING' });
  // Whatever the ledger calls committed and not purged is whole, also when nobody was told.
  const known = new Map([[prepared.purged.pointId, old], [prepared.staying.pointId, kept]]);
  const live = new Set<string>();
  for await (const { event } of store.readLedger(1)) {
    if (event.type === 'point.committed') live.add(event.pointId);
    if (event.type === 'point.purged') live.delete(event.pointId);
  }
  for (const pointId of live) await assertPoint(store, { ...prepared.staying, pointId: pointId as RestorePointManifest['pointId'] }, known.get(pointId as RestorePointManifest['pointId']) ?? fresh);
}

/** Every content of every pack is named by a live point: found by reading points and packs alone. */
async function assertNoGarbage(store: Store, fs: MemoryStoreFs): Promise<void> {
  const named = new Set<Digest>();
  const points: { machineId: MachineId; pointId: RestorePointManifest['pointId'] }[] = [];
  for (const path of fs.paths()) {
    const match = /^points\/([0-9a-f]{32})\/([0-9a-f]{32})\.point$/.exec(path);
    if (match) points.push({ machineId: match[1] as MachineId, pointId: match[2] as RestorePointManifest['pointId'] });
  }
  for (const point of points) {
    const manifest = await store.readManifest(point.machineId, point.pointId);
    for (const { mapRoot, lengthBytes } of manifest.disks.flatMap(({ volumes }) => volumes)) {
      await walkClosure({ digest: mapRoot, lengthBytes }, { getPage: store.readPage, enter: (digest) => named.add(digest).size > 0, onChunk: ({ digest }) => { named.add(digest); } });
    }
  }
  for (const [packId, path] of await listPacks(fs)) {
    const { records } = await (path.startsWith('open/') ? scanPack : listRecords)(fs, path, packId);
    for (const { entries } of records) for (const { digest } of entries) expect(named.has(digest)).toBe(true);
  }
  expect(fs.paths().filter((path) => path.startsWith('trash/packs'))).toEqual([]);
}

async function assertSurvives(left: MemoryStoreFs, prepared: Prepared, options: { promised: Promised; index: MemoryChunkIndex }): Promise<void> {
  const { promised } = options;
  const store = await open(left, options.index);
  await assertPromises(store, prepared, promised);
  if (!promised.purged) await store.purgePoint(machineId, prepared.purged.pointId).catch((error: unknown) => { expect(errnoOf(error)).toBe('POINT_MISSING'); });
  promised.purged = true;
  const collect = (trustedNowMs: number): Promise<GcReport> => store.collectGarbage({ sessions: () => [], trustedNowMs, quarantineMs: 0, compactBelowLiveRatio: 1 });
  // A point file without its record holds what it names for a day.
  if ((await collect(0)).uncommittedPoints > 0) for (let round = 0; round < 2; round += 1) await collect(86_400_000);
  await assertPromises(store, prepared, promised);
  await assertNoGarbage(store, left);
  await store.close();
  const again = await open(left, new MemoryChunkIndex());
  await assertPromises(again, prepared, promised);
  await again.close();
}

async function workUntilDeath(fs: MemoryStoreFs, prepared: Prepared, index: MemoryChunkIndex): Promise<Promised> {
  const promised: Promised = { purged: false, fresh: undefined };
  try {
    const store = await open(fs, index);
    await work(store, prepared, promised);
    await store.close();
  } catch (error) {
    if (fs.operations < fs.dieBefore) throw error;
  }
  return promised;
}

let prepared: Prepared;
beforeAll(async () => {
  prepared = await prepare();
});

test('the work takes the file operations the matrix covers, and leaves no garbage', async () => {
  const fs = prepared.fs.copy();
  const promised = await workUntilDeath(fs, prepared, new MemoryChunkIndex());
  expect(promised).toMatchObject({ purged: true, fresh: expect.anything() as unknown });
  expect(fs.operations).toBeGreaterThan(200);
  await assertSurvives(fs.copy(), prepared, { promised, index: new MemoryChunkIndex() });
});

/** Each takes every fourth operation, so that together they die before every second one; run with a step of 1 after changes of the order of writes. */
test.each([
  { name: 'kill -9', how: 'kill' as const, keepIndex: true, from: 1 },
  { name: 'a power cut', how: 'power' as const, keepIndex: false, from: 3 },
])('$name before every fourth file operation of a collection beside a backup loses no point and leaves no garbage', async ({ how, keepIndex, from }) => {
  let died = 0;
  for (let dieBefore = from; ; dieBefore += 4) {
    const fs = prepared.fs.copy();
    fs.dieBefore = dieBefore;
    const index = new MemoryChunkIndex();
    const promised = await workUntilDeath(fs, prepared, index);
    if (fs.operations < dieBefore) break;
    died += 1;
    const random = seededRandom(dieBefore);
    const left = fs.crash(how, (count) => random.next(count));
    await assertSurvives(left, prepared, { promised, index: keepIndex ? index : new MemoryChunkIndex() }).catch((error: unknown) => {
      throw new Error(`died before operation ${String(dieBefore)}: ${left.paths().join(' ')}`, { cause: error });
    });
  }
  expect(died).toBeGreaterThan(50);
}, timeoutMs);

/** Each fault takes every twelfth operation, beginning with another one. */
test.each([['EIO', 1], ['ENOSPC', 5], ['short', 9]] as const)('%s at file operations all over a collection, then a power cut, loses no point', async (code, from) => {
  for (let failing = from; ; failing += 12) {
    const fs = prepared.fs.copy();
    fs.faults = (_operation, _path, count) => (count === failing ? code : undefined);
    const promised: Promised = { purged: false, fresh: undefined };
    try {
      const store = await open(fs, new MemoryChunkIndex());
      await work(store, prepared, promised).finally(() => store.close());
    } catch (error) {
      expect(errnoOf(error)).toMatch(/^(STORE_|CHUNK_|POINT_|GC_|EIO|ENOSPC)/);
    }
    const random = seededRandom(failing);
    const left = fs.crash('power', (count) => random.next(count));
    await assertSurvives(left, prepared, { promised, index: new MemoryChunkIndex() }).catch((error: unknown) => {
      throw new Error(`failed at operation ${String(failing)}: ${left.paths().join(' ')}`, { cause: error });
    });
    if (fs.operations < failing) break;
  }
}, timeoutMs);
