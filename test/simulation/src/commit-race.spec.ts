import { digestOf } from '@lifeboat/codec';
import { ComputerName, MachineId, PageTreeBuilder, randomHex128, RestorePointId, type RestorePointManifest } from '@lifeboat/model';
import { MemoryChunkIndex, openStore, type Store } from '@lifeboat/store';
import { MemoryStoreFs } from '@lifeboat/store/testing';
import { draftOf } from './agent/backup-frames.js';
import { ReferenceModel } from './model/reference-model.js';
import { chunkOf, lengthOf, mapOf, type SimVolume } from './model/sim-volume.js';
import { codeOf, verifyStore } from './model/verify-store.js';
import { Chance } from './world/chance.js';
import { PacedStoreFs } from './world/paced-store-fs.js';
import { Scheduler } from './world/scheduler.js';
import { SimClock } from './world/sim-clock.js';

const seeds = 100;
const chunkBytes = 512;
const machineId = MachineId.parse('cd'.repeat(16));

const volumeOf = (from: number): SimVolume => ({ volumeId: 'disk/0', runs: Array.from({ length: 3 }, (_, at) => ({ kind: 'data', lengthBytes: chunkBytes, seed: from + at })) });

/** Chunks and pages of a volume, that no session vouches for. */
async function put(store: Store, volume: SimVolume): Promise<void> {
  const plain = Buffer.concat(volume.runs.flatMap((run) => (run.kind === 'data' ? [chunkOf(run.seed, run.lengthBytes).bytes] : [])));
  await store.putSegment({ chunks: mapOf(volume).flatMap((entry) => (entry.kind === 'data' ? [entry] : [])), codec: 'raw', plain, payload: plain });
  const pages: { digest: ReturnType<typeof digestOf>; bytes: Uint8Array }[] = [];
  const builder = new PageTreeBuilder(lengthOf(volume), digestOf, (page) => pages.push(page));
  for (const entry of mapOf(volume)) builder.push(entry);
  builder.finish();
  for (const page of pages) await store.putPage(page);
  await store.flush();
}

async function race(seed: number): Promise<void> {
  const chance = new Chance(seed);
  const clock = new SimClock();
  const scheduler = new Scheduler(chance.fork(), () => { clock.advance(1); });
  const fs = new MemoryStoreFs();
  const paced = new PacedStoreFs(fs, { pace: () => (chance.oneIn(2) ? scheduler.pause(null) : undefined), onDeath: () => undefined });
  const model = new ReferenceModel();
  const settle = <T>(task: Promise<T>): Promise<T> => scheduler.settle(task, 100_000);
  const store = await settle(openStore({ path: '(race)', fs: paced, locker: fs.locker, index: new MemoryChunkIndex(), clock, random: chance.fork(), packBytesTarget: 2048, owner: { host: 'race', pid: 1 } }));
  const manifestOf = (attempt: number, volume: SimVolume): RestorePointManifest => {
    model.attempt({ attempt, machineId, volumes: [volume] });
    return { ...draftOf([volume], attempt, null), pointId: RestorePointId.parse(randomHex128(chance)), machineId, computerName: ComputerName.parse('race'), createdAtMs: 1 };
  };
  const commit = async (manifest: RestorePointManifest): Promise<void> => {
    // What was taken away meanwhile is asked for again, never missed.
    for (let tries = 0; (await codeOf(store.commitPoint(manifest))) !== 'none'; tries += 1) {
      expect(tries).toBeLessThan(5);
      const attempt = model.attempts.get(manifest.agentStartedAtMs);
      for (const volume of attempt?.volumes ?? []) await put(store, volume);
    }
    model.committed(manifest.agentStartedAtMs, machineId, manifest.pointId);
  };
  const collect = (quarantineMs: number): Promise<unknown> => store.collectGarbage({ sessions: () => [], trustedNowMs: clock.trustedMs(), quarantineMs, compactBelowLiveRatio: 1 });
  await settle(put(store, volumeOf(1)));
  await settle(commit(manifestOf(1, volumeOf(1))));
  const volumes = [volumeOf(10), volumeOf(20), volumeOf(21)];
  for (const volume of volumes) await settle(put(store, volume));
  // Condemned but not deleted yet: the commits below need just these packs.
  await settle(collect(1_000_000));
  await settle(Promise.all([
    collect(0),
    ...volumes.map(async (volume, index) => {
      await scheduler.pauses(null, chance.below(80));
      await commit(manifestOf(index + 2, volume));
    }),
  ]));
  await settle(verifyStore(store, model, { machines: [machineId] }));
  expect(model.alive()).toHaveLength(4);
  await settle(store.close());
}

test('commits that need what is being deleted find it or ask for it again, in whatever order', async () => {
  for (let seed = 1; seed <= seeds; seed += 1) await race(seed).catch((error: unknown) => { throw new Error(`seed ${String(seed)}`, { cause: error }); });
}, 600_000);
