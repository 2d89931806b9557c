import { digestOf } from '@lifeboat/codec';
import type { MachineId, RestorePointManifest } from '@lifeboat/model';
import type { CollectGarbageOptions, GcReport } from './gc-options.js';
import type { Store } from '../store.js';
import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { openMemoryStore, seededRandom } from '../testing/memory-store.js';
import { readSampleVolume } from '../testing/read-volume.js';
import { commitVolume, putChunks, putVolume, sampleChunk, sampleManifest, type SampleVolume } from '../testing/sample-backup.js';

const machineId = 'ab'.repeat(16) as MachineId;
const dayMs = 86_400_000;
const smallPacks = 24 * 1024;

let fs: MemoryStoreFs;
let store: Store;
let random: ReturnType<typeof seededRandom>;
const open = (packBytesTarget = smallPacks): Promise<Store> => openMemoryStore(fs, { packBytesTarget });
beforeEach(async () => {
  fs = new MemoryStoreFs();
  random = seededRandom(7);
  store = await open();
});
afterEach(() => store.close());

const chunksOf = (from: number, to: number): Uint8Array[] => Array.from({ length: to - from }, (_, index) => sampleChunk(from + index));
const collect = (options: Partial<CollectGarbageOptions> = {}): Promise<GcReport> => store.collectGarbage({ sessions: () => [], trustedNowMs: 0, quarantineMs: 0, ...options });
const commit = (volume: SampleVolume): Promise<RestorePointManifest> => commitVolume(store, volume, { random, machineId });
const purge = (point: RestorePointManifest): Promise<void> => store.purgePoint(machineId, point.pointId);
const packFiles = (): string[] => fs.paths().filter((path) => path.endsWith('.pack') || path.endsWith('.open'));
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
  expect(report.deletedPacks).toBeGreaterThan(0);
  expect(report.rewrittenPacks).toBeGreaterThan(0);
  expect(report.liveChunks).toBe(30);
  expect(report.livePlainBytes).toBe(30 * 4096);
  expect(after.packBytes).toBeLessThan(before.packBytes);
  expect(after.packBytes).toBe(packFiles().reduce((sum, path) => sum + fs.bytesOf(path).length, 0));
  await assertWhole(second, chunksOf(30, 60));
  expect(store.has(digestOf(sampleChunk(3)))).toBe(false);
  await expect(store.readManifest(machineId, first.pointId)).rejects.toMatchObject({ code: 'POINT_MISSING' });
  await store.close();
  store = await open();
  expect(await store.stats()).toMatchObject({ packBytes: (await store.stats()).packBytes, reclaimableBytes: 0 });
  await assertWhole(second, chunksOf(30, 60));
  expect((await collect()).deletedPacks).toBe(0);
});
