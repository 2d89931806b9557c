import { digestOf, systemClock } from '@lifeboat/codec';
import { KIB, MIB, type Digest, type MachineId, type PackId, type RestorePointManifest } from '@lifeboat/model';
import { PARITY_BLOCK_BYTES, parityShapeOf } from '../parity/parity-shape.js';
import { errnoOf } from '../fs/errno.js';
import { MemoryChunkIndex } from '../index/memory-chunk-index.js';
import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { openMemoryStore, seededRandom } from '../testing/memory-store.js';
import { commitVolume, sampleChunk, type SampleVolume } from '../testing/sample-backup.js';
import { walkMap } from '@lifeboat/model';
import type { Store } from '../store.js';
import type { ScrubReport } from './scrub-report.js';

/** Corruptions tried; `LIFEBOAT_BIT_ROT=2000` for the run before a release. Each is one or more places of one file. */
const trials = Number(process.env['LIFEBOAT_BIT_ROT'] ?? 150);
const machineId = 'ab'.repeat(16) as MachineId;
const nowMs = 1_700_000_000_000;
const burstBytes = [1, 1, 1, 512, 4 * KIB, 20 * KIB, 64 * KIB, 256 * KIB, MIB, 2 * MIB];

type Sound = Readonly<{ fs: MemoryStoreFs; manifests: readonly RestorePointManifest[]; volumes: readonly SampleVolume[] }>;

function open(fs: MemoryStoreFs, seed: number, index = new MemoryChunkIndex()): Promise<Store> {
  return openMemoryStore(fs, { index, random: seededRandom(seed), packBytesTarget: 700 * KIB, clock: { ...systemClock, nowMs: () => nowMs } });
}

/** Two points over packs of 0.7 MiB and their smaller last ones, all with parity. */
async function buildSound(): Promise<Sound> {
  const fs = new MemoryStoreFs();
  const store = await open(fs, 1);
  const volumes: SampleVolume[] = [0, 300].map((first) => Array.from({ length: 400 }, (_, index) => (index % 50 === 7 ? null : sampleChunk(first + index))));
  const manifests: RestorePointManifest[] = [];
  for (const chunk of volumes.flat()) if (chunk) contents.set(digestOf(chunk), chunk);
  for (const volume of volumes) manifests.push(await commitVolume(store, volume, { random: seededRandom(manifests.length + 5), machineId }));
  await store.settleParity();
  await store.close();
  return { fs, manifests, volumes };
}

/** What each chunk holds. */
const contents = new Map<Digest, Uint8Array>();
const noBytes = new Uint8Array();

class WrongBytes extends Error {}

/** Data chunks of a point that cannot be read, with their digests; undefined where a page is gone. Bytes that are read must be the right ones. */
async function unreadableOf(store: Store, manifest: RestorePointManifest): Promise<Set<Digest>> {
  const unreadable = new Set<Digest>();
  const volume = manifest.disks[0]?.volumes[0];
  if (!volume) throw new Error('no volume');
  const getPage = async (digest: Digest): Promise<Uint8Array> => {
    try {
      return await store.readPage(digest);
    } catch (error) {
      unreadable.add(digest);
      throw error;
    }
  };
  try {
    for await (const entry of walkMap({ root: volume.mapRoot, lengthBytes: volume.lengthBytes, getPage })) {
      if (entry.kind !== 'data') continue;
      const bytes = await store.readChunk(entry.digest).catch(() => undefined);
      if (!bytes) unreadable.add(entry.digest);
      // Not by expect, which would be asked a million times.
      else if (Buffer.compare(bytes, contents.get(entry.digest) ?? noBytes) !== 0) throw new WrongBytes(entry.digest);
    }
  } catch (error) {
    if (unreadable.size === 0 || error instanceof WrongBytes) throw error;
  }
  return unreadable;
}

/** Changes every byte of a range. */
function rot(fs: MemoryStoreFs, path: string, range: Readonly<{ start: number; end: number; mask: number }>): void {
  fs.corrupt(path, (bytes) => {
    for (let at = range.start; at < range.end; at += 1) bytes[at] = (bytes[at] ?? 0) ^ range.mask;
  });
}

/** What the code can give back, told from the bytes alone: no column of the pack has lost more blocks than there are parity shards. */
function isWithinStrength(before: Uint8Array, after: Uint8Array): boolean {
  const { blocks, shardBlocks, parityShards } = parityShapeOf(before.length);
  const lost = new Map<number, number>();
  for (let block = 0; block < blocks; block += 1) {
    const [start, end] = [block * PARITY_BLOCK_BYTES, (block + 1) * PARITY_BLOCK_BYTES];
    if (Buffer.compare(before.subarray(start, end), after.subarray(start, end)) !== 0) lost.set(block % shardBlocks, (lost.get(block % shardBlocks) ?? 0) + 1);
  }
  return [...lost.values()].every((count) => count <= parityShards);
}

let sound: Sound;
beforeAll(async () => {
  sound = await buildSound();
}, 120_000);

test('every sealed pack has its parity, and a sound store scrubs clean', async () => {
  const fs = sound.fs.copy();
  const packs = fs.paths().filter((path) => path.startsWith('packs/') && path.endsWith('.pack'));
  expect(packs.length).toBeGreaterThanOrEqual(4);
  for (const pack of packs) expect(fs.paths()).toContain(pack.replace('.pack', '.par'));
  const store = await open(fs, 2);
  const report = await store.scrub({ nowMs, packs: 'all' });
  expect(report).toMatchObject({ complete: true, packsRead: packs.length, damagedPacks: 0, parityWritten: 0, lostChunks: 0, unreadPacks: [], repairs: [], transientPacks: 0 });
  expect(report.oldestUnscrubbedAtMs).toBe(nowMs);
  await store.close();
});

test(`${String(trials)} corruptions of files in packs/ are all found, repaired within the strength of the code, and named beyond it`, async () => {
  const random = seededRandom(20_240_717);
  const counts = { repaired: 0, sidecar: 0, lost: 0 };
  const paths = sound.fs.paths().filter((path) => path.startsWith('packs/'));
  for (let trial = 0; trial < trials; trial += 1) {
    const fs = sound.fs.copy();
    // The index knows what a pack held whose footer is gone with its records; it is there in every store that was not just restored without it.
    const index = new MemoryChunkIndex();
    await open(fs, trial + 10, index).then((store) => store.close());
    const path = paths[trial % paths.length] ?? '';
    const before = Buffer.from(fs.bytesOf(path));
    for (let places = 1 + random.next(3); places > 0; places -= 1) {
      const start = random.next(before.length);
      rot(fs, path, { start, end: Math.min(before.length, start + (burstBytes[random.next(burstBytes.length)] ?? 1)), mask: 1 + random.next(255) });
    }
    const after = Buffer.from(fs.bytesOf(path));
    // Two bursts may undo one another.
    if (before.equals(after)) continue;
    try {
      counts[await judge(fs, { path, within: path.endsWith('.par') || isWithinStrength(before, after), seed: trial + 10_000, index })] += 1;
    } catch (error) {
      throw new Error(`trial ${String(trial)}, ${path}`, { cause: error });
    }
  }
  expect(Math.min(counts.repaired, counts.sidecar, counts.lost)).toBeGreaterThan(trials / 20);
}, 3_600_000);

/** Scrubs a rotten store and holds the reports against what can be read. */
async function judge(fs: MemoryStoreFs, { path, within, seed, index }: Readonly<{ path: string; within: boolean; seed: number; index: MemoryChunkIndex }>): Promise<'repaired' | 'sidecar' | 'lost'> {
  const original = Buffer.from(fs.bytesOf(path));
  let store = await open(fs, seed, index);
  const report = await store.scrub({ nowMs, packs: 'all' });
  const isSidecar = path.endsWith('.par');
  const outcome = isSidecar ? 'sidecar' : report.lostChunks > 0 ? 'lost' : 'repaired';
  if (isSidecar) expect(report).toMatchObject({ damagedPacks: 0, parityWritten: 1, lostChunks: 0 });
  else {
    expect(report).toMatchObject({ damagedPacks: 1, unreadPacks: [], transientPacks: 0 });
    expect(fs.bytesOf(`quarantine/${path.slice(path.lastIndexOf('/') + 1)}`).equals(original)).toBe(true);
    expect(fs.paths()).not.toContain(path);
  }
  if (within) expect(report).toMatchObject({ lostChunks: 0, wantedChunks: 0 });
  await assertNamed(store, report);
  await store.close();
  // Each third also over a restart without its index.
  if (seed % 3 !== 0) return outcome;
  store = await open(fs, seed + 100_000);
  expect(await store.scrub({ nowMs, packs: 'all' })).toMatchObject({ damagedPacks: 0, lostChunks: 0, wantedChunks: report.wantedChunks });
  await assertNamed(store, report);
  await store.close();
  return outcome;
}

/** Exactly what is wanted cannot be read, of every point. */
async function assertNamed(store: Store, { wantedChunks }: ScrubReport): Promise<void> {
  const wanted = new Set(store.wants().map(({ digest }) => digest));
  expect(wanted.size).toBe(wantedChunks);
  for (const manifest of sound.manifests) expect([...(await unreadableOf(store, manifest))].filter((digest) => !wanted.has(digest))).toEqual([]);
  const outcomes = await Promise.all([...wanted].map((digest) => store.readChunk(digest).then(() => 'read', errnoOf)));
  expect(new Set(outcomes)).toEqual(new Set(wanted.size > 0 ? ['CHUNK_DAMAGED'] : []));
}

test('what is lost comes back with the next backup that holds it', async () => {
  const fs = sound.fs.copy();
  for (const path of fs.paths().filter((name) => name.endsWith('.pack'))) {
    const length = fs.bytesOf(path).length;
    if (length > 300 * KIB) rot(fs, path, { start: 8 * KIB, end: length - 40 * KIB, mask: 0x55 });
  }
  let store = await open(fs, 3);
  const report = await store.scrub({ nowMs, packs: 'all' });
  expect(report.lostChunks).toBeGreaterThan(100);
  const [first] = store.wants();
  expect(first && store.isWanted(first.digest) && !store.has(first.digest)).toBe(true);
  await store.close();
  store = await open(fs, 4);
  expect(store.wants().length).toBe(report.lostChunks);
  for (const [index, volume] of sound.volumes.entries()) await commitVolume(store, volume, { random: seededRandom(900 + index), machineId });
  expect(store.wants()).toEqual([]);
  expect(await store.scrub({ nowMs, packs: 'all' })).toMatchObject({ damagedPacks: 0, healedChunks: report.lostChunks, wantedChunks: 0 });
  for (const manifest of sound.manifests) expect([...(await unreadableOf(store, manifest))]).toEqual([]);
  await store.close();
  store = await open(fs, 5);
  expect(store.wants()).toEqual([]);
  for (const manifest of sound.manifests) expect([...(await unreadableOf(store, manifest))]).toEqual([]);
  await store.close();
}, 60_000);

test('a read repairs what it finds damaged, and the pack with it', async () => {
  const fs = sound.fs.copy();
  const reports: PackId[] = [];
  const store = await openMemoryStore(fs, { random: seededRandom(6), onDamage: ({ packId, quarantined }) => { if (quarantined) reports.push(packId); } });
  const packs = fs.paths().filter((path) => path.endsWith('.pack'));
  for (const path of packs) rot(fs, path, { start: 4096, end: Math.min(fs.bytesOf(path).length, 4096 + 12 * KIB), mask: 0x0f });
  for (const manifest of sound.manifests) expect([...(await unreadableOf(store, manifest))]).toEqual([]);
  expect(store.wants()).toEqual([]);
  await store.close();
  expect(reports.length).toBeGreaterThan(2);
  expect(fs.paths().filter((path) => path.startsWith('quarantine/') && path.endsWith('.pack')).length).toBe(reports.length);
});
