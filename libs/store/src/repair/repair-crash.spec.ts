import { systemClock } from '@lifeboat/codec';
import { KIB, type MachineId, type RestorePointManifest } from '@lifeboat/model';
import { MemoryChunkIndex } from '../index/memory-chunk-index.js';
import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { openMemoryStore, seededRandom } from '../testing/memory-store.js';
import { readSampleVolume } from '../testing/read-volume.js';
import { commitVolume, sampleChunk } from '../testing/sample-backup.js';
import type { Store } from '../store.js';

const machineId = 'ab'.repeat(16) as MachineId;
const nowMs = 1_700_000_000_000;
const volume = Array.from({ length: 60 }, (_, seed) => sampleChunk(seed));
const expected = Buffer.concat(volume);

function open(fs: MemoryStoreFs, seed: number, index = new MemoryChunkIndex()): Promise<Store> {
  return openMemoryStore(fs, { index, random: seededRandom(seed), packBytesTarget: 48 * KIB, clock: { ...systemClock, nowMs: () => nowMs } });
}

/** A store whose packs are all damaged within the strength of their parity. */
async function buildDamaged(): Promise<{ fs: MemoryStoreFs; manifest: RestorePointManifest }> {
  const fs = new MemoryStoreFs();
  const store = await open(fs, 1);
  const manifest = await commitVolume(store, volume, { random: seededRandom(2), machineId });
  await store.settleParity();
  await store.close();
  for (const path of fs.paths().filter((name) => name.startsWith('packs/') && name.endsWith('.pack'))) {
    fs.corrupt(path, (bytes) => { bytes.fill(0xee, 4200, Math.min(bytes.length, 9000)); });
  }
  return { fs: fs.copy(), manifest };
}

async function assertWhole(store: Store, manifest: RestorePointManifest): Promise<void> {
  expect(expected.equals(await readSampleVolume(store, manifest))).toBe(true);
  expect(store.wants()).toEqual([]);
}

test.each([
  { name: 'kill -9', how: 'kill' as const, keepIndex: false },
  { name: 'kill -9, with the index kept', how: 'kill' as const, keepIndex: true },
  { name: 'a power cut', how: 'power' as const, keepIndex: false },
  { name: 'a power cut, with the index kept', how: 'power' as const, keepIndex: true },
])('$name before any file operation of a scrub that repairs loses nothing', async ({ how, keepIndex }) => {
  const { fs: damaged, manifest } = await buildDamaged();
  for (let step = 3; ; step += 7) {
    const fs = damaged.copy();
    const index = new MemoryChunkIndex();
    let store = await open(fs, step, index);
    fs.dieBefore = fs.operations + step;
    const died = await store.scrub({ nowMs, packs: 'all' }).then((report) => report.unreadPacks.length > 0 || fs.isDead, () => true);
    const random = seededRandom(step);
    const left = fs.crash(how, (count) => random.next(count));
    store = await open(left, step + 1000, keepIndex ? index : new MemoryChunkIndex());
    await assertWhole(store, manifest);
    const report = await store.scrub({ nowMs, packs: 'all' });
    expect(report).toMatchObject({ complete: true, lostChunks: 0, unreadPacks: [] });
    await assertWhole(store, manifest);
    await store.close();
    store = await open(left, step + 2000);
    expect(await store.scrub({ nowMs, packs: 'all' })).toMatchObject({ damagedPacks: 0, wantedChunks: 0 });
    await assertWhole(store, manifest);
    await store.close();
    if (!died) break;
  }
}, 120_000);

test.each(['EIO', 'ENOSPC', 'EMFILE'])('%s at any write, sync or rename of a repair loses nothing', async (code) => {
  const { fs: damaged, manifest } = await buildDamaged();
  for (let failing = 1; ; failing += 6) {
    const fs = damaged.copy();
    const store = await open(fs, failing + 300);
    let count = 0;
    fs.faults = (operation) => {
      if (!['write', 'sync', 'rename', 'syncDir', 'open'].includes(operation)) return undefined;
      count += 1;
      return count === failing ? code : undefined;
    };
    await store.scrub({ nowMs, packs: 'all' }).catch((error: unknown) => { expect(error).toMatchObject({ code: expect.stringMatching(/^(STORE_|EIO|EMFILE|ENOSPC)/) }); });
    const reached = count >= failing;
    fs.faults = () => undefined;
    expect(expected.equals(await readSampleVolume(store, manifest))).toBe(true);
    await store.close();
    const again = await open(fs.crash('kill'), failing + 5000);
    await assertWhole(again, manifest);
    expect(await again.scrub({ nowMs, packs: 'all' })).toMatchObject({ lostChunks: 0, wantedChunks: 0, unreadPacks: [] });
    await assertWhole(again, manifest);
    await again.close();
    if (!reached) break;
  }
}, 120_000);

test.each(['kill', 'power'] as const)('a %s while parity is made beside a backup loses nothing and is made good', async (how) => {
  for (let dieBefore = 40; ; dieBefore += 9) {
    const fs = new MemoryStoreFs();
    fs.dieBefore = dieBefore;
    let manifest: RestorePointManifest | undefined;
    const backUp = async (): Promise<void> => {
      const store = await open(fs, dieBefore + 9000);
      manifest = await commitVolume(store, volume, { random: seededRandom(dieBefore), machineId });
      await store.settleParity();
      await store.close();
    };
    await backUp().catch(() => undefined);
    const died = fs.isDead;
    const random = seededRandom(dieBefore);
    const store = await open(fs.crash(how, (count) => random.next(count)), dieBefore + 20_000);
    expect(await store.scrub({ nowMs, packs: 'all' })).toMatchObject({ damagedPacks: 0, unreadPacks: [] });
    if (manifest) await assertWhole(store, manifest);
    expect(await store.scrub({ nowMs, packs: 'all' })).toMatchObject({ damagedPacks: 0, parityWritten: 0 });
    await store.close();
    if (!died) break;
  }
}, 120_000);
