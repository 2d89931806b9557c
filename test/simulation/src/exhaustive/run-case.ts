import { digestOf } from '@lifeboat/codec';
import { checkStore, MemoryChunkIndex } from '@lifeboat/store';
import { MemoryStoreFs, type PowerCut } from '@lifeboat/store/testing';
import { ReferenceModel } from '../model/reference-model.js';
import { Chance } from '../world/chance.js';
import { PacedStoreFs } from '../world/paced-store-fs.js';
import { ensure, SimulationFailed } from '../world/simulation-failed.js';
import { caseOf, describeCase, type StoreStep } from './list-cases.js';
import { SmallStore, type Promises } from './small-store.js';

/** What a case amounted to; the names are those of a world's report. A recovery from a disk and promises that were checked before is not made again. */
export type CaseReport = Readonly<{ crashes: number; recoveries: number; points: number; operations: number }>;

/** Ways to die; `names` keeps every name and no bytes that were not synced, which is how renames lose content. The kill comes last: it goes on with the files themselves. */
const deaths = ['worst', 'names', 'torn', 'kill'] as const;
type Death = (typeof deaths)[number];

let prepared: Promise<MemoryStoreFs> | undefined;
/** Disks with promises that were found right. Many ways lead to the same. */
const checked = new Set<string>();

/**
 * Runs a workload until it dies, once before every file operation of its last step, and checks what every way to die leaves. Deaths in earlier steps are the shorter
 * workloads' business.
 * @throws SimulationFailed with workload, operation and death.
 */
export async function runCase(number: number): Promise<CaseReport> {
  const steps = caseOf(number);
  const report = { crashes: 0, recoveries: 0, points: 0, operations: 0 };
  for (let dieBefore = 1; steps.length > 0; dieBefore += 1) {
    const dead = await workUntilDeath(steps, dieBefore);
    report.operations += dead.fs.operations;
    if (!dead.died) break;
    for (const death of deaths) {
      report.crashes += 1;
      const isNew = await survives(dead, death, new Chance(number * 1000 + dieBefore)).catch((error: unknown) => {
        throw new SimulationFailed(`${describeCase(number)}: ${death} before operation ${String(dieBefore)} of the last step`, { cause: error });
      });
      if (isNew) report.recoveries += 1;
    }
  }
  return report;
}

type Dead = Readonly<{ fs: MemoryStoreFs; index: MemoryChunkIndex; promises: Promises; died: boolean }>;

async function workUntilDeath(steps: readonly StoreStep[], dieBefore: number): Promise<Dead> {
  prepared ??= prepareStore();
  const fs = (await prepared).copy();
  const index = new MemoryChunkIndex();
  const promises: Promises = { model: new ReferenceModel(), chunks: new Set(), put: new Set() };
  let onDeath: () => void = () => undefined;
  const death = new Promise<true>((resolve) => { onDeath = () => { resolve(true); }; });
  const paced = Object.assign(new PacedStoreFs(fs, { pace: () => undefined, onDeath }), { locker: fs.locker });
  const small = new SmallStore({ fs: paced, index, promises });
  small.remember(0);
  const working = async (): Promise<false> => {
    await small.open(1);
    for (const [number, step] of steps.entries()) {
      if (number === steps.length - 1) fs.dieBefore = fs.operations + dieBefore;
      await small.take(step, number + 1);
    }
    return false;
  };
  return { fs, index, promises, died: await Promise.race([working(), death]) };
}

/** Opens what a death leaves and checks it; false when the same was checked before. */
async function survives(dead: Dead, death: Death, chance: Chance): Promise<boolean> {
  let left = dead.fs.crash(death === 'kill' ? 'kill' : 'power', cutOf(death, chance));
  const key = digestOf(Buffer.from(`${String(death === 'kill')};${diskOf(left)};${dead.promises.model.fingerprint};${[...dead.promises.chunks].sort().join()}`));
  if (checked.has(key)) return false;
  const promises: Promises = { model: dead.promises.model.copy(), chunks: new Set(dead.promises.chunks), put: new Set(dead.promises.put) };
  let small = new SmallStore({ fs: left, index: death === 'kill' ? dead.index : new MemoryChunkIndex(), promises });
  await small.open(2);
  await small.verify();
  if (death === 'kill') {
    // The new process saw what only the cache held; what it concludes from that must survive the cache.
    await small.rely();
    left = left.crash('power', 'worst');
    small = new SmallStore({ fs: left, index: new MemoryChunkIndex(), promises });
    await small.open(4);
    await small.verify();
  }
  // What is left must go on as a store does.
  await small.take('commit', 9);
  await small.close();
  const report = await checkStore({ path: '(small)', fs: left, locker: left.locker, readData: true });
  ensure(report.clean, () => `fsck: ${JSON.stringify(report.findings)} ${JSON.stringify(report.damage)}`);
  checked.add(key);
  return true;
}

function cutOf(death: Death, chance: Chance): PowerCut {
  return death === 'torn' || death === 'kill' ? (count) => chance.below(count) : death;
}

const diskOf = (fs: MemoryStoreFs): string => fs.paths().map((path) => `${path}=${digestOf(fs.bytesOf(path))}`).join();

/** A store that has a past: a committed point whose chunks the workloads share, closed properly. */
async function prepareStore(): Promise<MemoryStoreFs> {
  const fs = new MemoryStoreFs();
  const small = new SmallStore({ fs, index: new MemoryChunkIndex(), promises: { model: new ReferenceModel(), chunks: new Set(), put: new Set() } });
  await small.open(3);
  await small.take('commit', 0);
  await small.close();
  return fs;
}
