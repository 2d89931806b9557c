import { digestOf, systemClock } from '@lifeboat/codec';
import { type Digest, type LedgerRecord, type MachineId, type RestorePointManifest } from '@lifeboat/model';
import { errnoOf } from './fs/errno.js';
import { MemoryChunkIndex } from './index/memory-chunk-index.js';
import type { Store } from './store.js';
import { MemoryStoreFs } from './testing/memory-store-fs.js';
import { openMemoryStore, seededRandom } from './testing/memory-store.js';
import { readSampleVolume } from './testing/read-volume.js';
import { commitVolume, putChunks, sampleChunk, sampleChunkBytes, type SampleVolume } from './testing/sample-backup.js';


/** The matrix is thousands of runs; a loaded machine takes its time. */
const timeoutMs = 600_000;
const machineId = 'ab'.repeat(16) as MachineId;
const chunks = Array.from({ length: 60 }, (_, seed) => sampleChunk(seed));
const digests = chunks.map(digestOf);
const first: SampleVolume = [...chunks.slice(0, 20), null, ...chunks.slice(0, 3)];
const second: SampleVolume = [...chunks.slice(10, 30), null];
const third: SampleVolume = chunks.slice(25, 45);
const bytesOf = (volume: SampleVolume): Buffer => Buffer.concat(volume.map((chunk) => chunk ?? new Uint8Array(sampleChunkBytes)));

/** What the store has promised so far. */
class Promised {
  readonly chunks = new Set<Digest>();
  readonly points = new Map<string, { manifest: RestorePointManifest; volume: SampleVolume }>();
  readonly records: LedgerRecord[] = [];
}

function open(fs: MemoryStoreFs, seed: number, index = new MemoryChunkIndex()): Promise<Store> {
  // Without parity, whose own writes repair-crash.spec interrupts: the matrix is square in the operations.
  return openMemoryStore(fs, { makesParity: false, random: seededRandom(seed), packBytesTarget: 24 * 1024, clock: { ...systemClock, nowMs: () => 1_700_000_000_000 }, index });
}

/** Two backups of which the second overlaps the first, ledger events and chunks that no point names; packs fill up and are sealed on the way. */
async function work(store: Store, promised: Promised, seed: number): Promise<void> {
  const random = seededRandom(seed + 1000);
  for (const [round, volume] of [first, second].entries()) {
    // The point is promised only by a resolved commit, but its content is known before.
    const manifest = await commitVolume(store, volume, { random, machineId });
    promised.points.set(manifest.pointId, { manifest, volume });
    const loose = 45 + round * 5;
    await Promise.all([putChunks(store, chunks.slice(loose, loose + 3)), putChunks(store, chunks.slice(loose + 1, loose + 5))]);
    await Promise.all([store.flush(), store.flush()]);
    for (const digest of digests.slice(loose, loose + 5)) promised.chunks.add(digest);
    promised.records.push(...(await Promise.all([1, 2].map(() => store.appendLedger({ type: 'policy.set', machineId, policy: null })))));
  }
}

async function assertKept(store: Store, promised: Promised): Promise<void> {
  for (const digest of promised.chunks) expect(digestOf(await store.readChunk(digest))).toBe(digest);
  const found = new Map<number, LedgerRecord>();
  const volumes = [first, second].map(bytesOf);
  for await (const record of store.readLedger(1)) {
    found.set(record.seq, record);
    if (record.event.type !== 'point.committed') continue;
    // Never half: what the ledger names is whole, even when nobody was told of it.
    const manifest = await store.readManifest(record.event.machineId, record.event.pointId);
    const bytes = await readSampleVolume(store, manifest);
    expect(volumes.some((volume) => volume.equals(bytes)) || bytesOf(third).equals(bytes)).toBe(true);
  }
  for (const record of promised.records) expect(found.get(record.seq)).toEqual(record);
  for (const { manifest, volume } of promised.points.values()) {
    expect(await store.readManifest(machineId, manifest.pointId)).toEqual(manifest);
    expect(bytesOf(volume).equals(await readSampleVolume(store, manifest))).toBe(true);
  }
}

/** Runs the work until the process dies before operation `dieBefore`. */
async function workUntilDeath(fs: MemoryStoreFs, dieBefore: number, index: MemoryChunkIndex): Promise<{ promised: Promised; died: boolean }> {
  const promised = new Promised();
  fs.dieBefore = dieBefore;
  try {
    const store = await open(fs, dieBefore, index);
    await work(store, promised, dieBefore);
    await store.close();
    return { promised, died: false };
  } catch (error) {
    if (fs.operations < dieBefore) throw error;
    return { promised, died: true };
  }
}

/** Opens what a crash left, checks every promise, works on and opens once more. */
async function assertSurvives(left: MemoryStoreFs, promised: Promised, options: { seed: number; index: MemoryChunkIndex }): Promise<void> {
  const store = await open(left, options.seed + 50_000, options.index);
  await assertKept(store, promised);
  const manifest = await commitVolume(store, third, { random: seededRandom(options.seed + 70_000), machineId });
  promised.points.set(manifest.pointId, { manifest, volume: third });
  await store.close();
  const again = await open(left, options.seed + 60_000);
  await assertKept(again, promised);
  await again.close();
}

test('the work takes the file operations the matrix covers', async () => {
  const fs = new MemoryStoreFs();
  expect((await workUntilDeath(fs, Number.POSITIVE_INFINITY, new MemoryChunkIndex())).died).toBe(false);
  expect(fs.operations).toBeGreaterThan(150);
  expect(fs.paths().filter((path) => path.endsWith('.pack')).length).toBeGreaterThanOrEqual(6);
});

describe.each([
  { name: 'kill -9', how: 'kill' as const, seeds: 1, keepIndex: true },
  { name: 'kill -9 and a lost index', how: 'kill' as const, seeds: 1, keepIndex: false },
  { name: 'a power cut', how: 'power' as const, seeds: 2, keepIndex: false },
  { name: 'a power cut after which the index is whole', how: 'power' as const, seeds: 1, keepIndex: true },
])('$name before every file operation', ({ how, seeds, keepIndex }) => {
  test('loses nothing that was promised', async () => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      for (let dieBefore = 1; ; dieBefore += 1) {
        const fs = new MemoryStoreFs();
        const index = new MemoryChunkIndex();
        const { promised, died } = await workUntilDeath(fs, dieBefore, index);
        if (!died) break;
        const random = seededRandom(seed * 100_000 + dieBefore);
        const left = fs.crash(how, (count) => random.next(count));
        try {
          await assertSurvives(left, promised, { seed: dieBefore, index: keepIndex ? index : new MemoryChunkIndex() });
        } catch (error) {
          throw new Error(`died before operation ${String(dieBefore)}, seed ${String(seed)}: ${left.paths().join(' ')}`, { cause: error });
        }
      }
    }
  }, timeoutMs);
});

describe.each([
  { name: 'EIO once', code: 'EIO', persists: false },
  { name: 'EIO from then on', code: 'EIO', persists: true },
  { name: 'ENOSPC once', code: 'ENOSPC', persists: false },
  { name: 'short transfers from then on', code: 'short', persists: true },
])('$name at every file operation, then a power cut', ({ code, persists }) => {
  test('loses nothing that was promised', async () => {
    for (let failing = 1; ; failing += 1) {
      const fs = new MemoryStoreFs();
      fs.faults = (_operation, _path, count) => (persists ? count >= failing : count === failing) ? code : undefined;
      const promised = new Promised();
      try {
        const store = await open(fs, failing);
        await work(store, promised, failing);
        await store.close();
      } catch (error) {
        // A fault may end the work, but only with an error of the store's own or the system's.
        expect(errnoOf(error)).toMatch(/^(STORE_|CHUNK_|EIO|POINT_)/);
      }
      const random = seededRandom(failing);
      const left = fs.crash('power', (count) => random.next(count));
      await assertSurvives(left, promised, { seed: failing, index: new MemoryChunkIndex() }).catch((error: unknown) => {
        throw new Error(`failed at operation ${String(failing)}: ${left.paths().join(' ')}`, { cause: error });
      });
      if (fs.operations < failing) break;
    }
  }, timeoutMs);
});

test('kill -9 before every file operation, a start, then a power cut lose nothing', async () => {
  for (let dieBefore = 1; ; dieBefore += 1) {
    const random = seededRandom(dieBefore);
    const fs = new MemoryStoreFs();
    const { promised, died } = await workUntilDeath(fs, dieBefore, new MemoryChunkIndex());
    if (!died) break;
    // The new process sees what only the cache holds; what it concludes from that must survive the cache.
    const started = fs.crash('kill');
    const store = await open(started, dieBefore + 20_000);
    promised.records.push(await store.appendLedger({ type: 'policy.set', machineId, policy: null }));
    for (const digest of digests) if (store.has(digest)) promised.chunks.add(digest);
    await store.flush();
    const left = started.crash('power', (count) => random.next(count));
    await assertSurvives(left, promised, { seed: dieBefore, index: new MemoryChunkIndex() }).catch((error: unknown) => {
      throw new Error(`died before operation ${String(dieBefore)}: ${left.paths().join(' ')}`, { cause: error });
    });
  }
}, timeoutMs);

test('crashes during the recovery from crashes, three deep, lose nothing', async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = seededRandom(seed);
    const crash = (fs: MemoryStoreFs): MemoryStoreFs => fs.crash(random.next(2) === 0 ? 'kill' : 'power', (count) => random.next(count));
    const fs = new MemoryStoreFs();
    const { promised } = await workUntilDeath(fs, 40 + random.next(170), new MemoryChunkIndex());
    let left = crash(fs);
    for (let depth = 0; depth < 3; depth += 1) {
      left.dieBefore = 1 + random.next(60);
      await open(left, seed).then((store) => store.close(), () => undefined);
      left = crash(left);
    }
    await assertSurvives(left, promised, { seed, index: new MemoryChunkIndex() });
  }
}, timeoutMs);
