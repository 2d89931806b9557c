import fc from 'fast-check';
import { MachineId, randomHex128, RestorePointId, type RestorePointManifest } from '@lifeboat/model';
import type { Store } from '../store.js';
import { commitVolume, openMemoryStore, sampleChunk, sampleChunkBytes, seededRandom } from '../testing/index.js';
import { measureUsage, type StoreUsage } from './measure-usage.js';

type Fleet = readonly (readonly (readonly number[])[])[];

const random = seededRandom(7);
const machineIds = [1, 2, 3].map((digit) => MachineId.parse(String(digit).repeat(32)));

/** Commits each machine's points and measures; chunks are told by their seed. */
async function measure(store: Store, fleet: Fleet, chunksMax: number): Promise<{ usage: StoreUsage; manifests: RestorePointManifest[][] }> {
  const manifests: RestorePointManifest[][] = [];
  const machines = [];
  for (const [index, points] of fleet.entries()) {
    const machineId = machineIds[index] ?? MachineId.parse('0'.repeat(32));
    const committed: RestorePointManifest[] = [];
    for (const chunks of points) committed.push(await commitVolume(store, chunks.map((seed) => sampleChunk(seed)), { random, machineId }));
    manifests.push(committed);
    machines.push({ machineId, points: committed.map(({ pointId }, at) => ({ pointId, seq: 100 * (at + 1) })) });
  }
  return { usage: await measureUsage({ store, machines, chunksMax }), manifests };
}

const inOrder = (points: readonly (readonly number[])[], seed: number): number[] => points.flatMap((chunks, at) => (chunks.includes(seed) ? [at] : []));

test('says of every chunk whose it is, and all parts add up to the packs', async () => {
  const point = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(point, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 }), fc.constantFrom(2, 5, 1000), async (fleet, chunksMax) => {
      const store = await openMemoryStore();
      const { usage } = await measure(store, fleet, chunksMax);
      const { packBytes } = await store.stats();
      expect(usage.packBytes).toBe(packBytes);
      const exclusive = usage.machines.reduce((sum, machine) => sum + machine.exclusiveBytes, 0);
      expect(exclusive + usage.sharedBytes + usage.unreferencedBytes).toBe(packBytes);
      // Rounding takes a byte per run at most.
      expect(usage.unreferencedBytes).toBeLessThan(200);
      for (const machine of usage.machines) expect(machine.runs.reduce((sum, run) => sum + run.bytes, 0)).toBe(machine.exclusiveBytes);
      expectRuns(usage, fleet, await store.stats());
      await store.close();
    }),
    { numRuns: 60 },
  );
}, 60_000);

/** Compares with a count by hand: each distinct chunk of one machine belongs to the run from its first to its last point. Pages make a run larger, never smaller. */
function expectRuns(usage: StoreUsage, fleet: Fleet, { packBytes, plainBytes }: Readonly<{ packBytes: number; plainBytes: number }>): void {
  const seeds = new Set(fleet.flat(2));
  const byHand = new Map<string, number>();
  for (const seed of seeds) {
    const owners = fleet.flatMap((points, machine) => (inOrder(points, seed).length > 0 ? [machine] : []));
    const [owner] = owners;
    if (owners.length !== 1 || owner === undefined) continue;
    const at = inOrder(fleet[owner] ?? [], seed);
    const key = `${String(owner)} ${String(100 * ((at[0] ?? 0) + 1))} ${String(100 * ((at.at(-1) ?? 0) + 1))}`;
    byHand.set(key, (byHand.get(key) ?? 0) + sampleChunkBytes);
  }
  const measured = new Map(usage.machines.flatMap((machine, index) => machine.runs.map((run) => [`${String(index)} ${String(run.firstSeq)} ${String(run.lastSeq)}`, run.bytes])));
  for (const [key, plain] of byHand) {
    const bytes = measured.get(key) ?? 0;
    const atLeast = Math.floor((plain * packBytes) / plainBytes);
    expect(bytes).toBeGreaterThanOrEqual(atLeast);
    // One page of a few entries per point.
    expect(bytes).toBeLessThan(atLeast + 3000);
  }
}

test('follows shared pages of deep maps, and each chunk keeps the run of all points that reach it', async () => {
  const store = await openMemoryStore();
  const base = Array.from({ length: 1200 }, (_, index) => index);
  const changed = (at: number, seed: number): number[] => base.map((value, index) => (index === at ? seed : value));
  // Point 2 shares all but one leaf with point 1; point 3 goes back to point 1's content.
  const { usage, manifests } = await measure(store, [[base, changed(700, 5000), base]], 1000);
  const { packBytes, plainBytes } = await store.stats();
  const ratio = packBytes / plainBytes;
  const run = (first: number, last: number): number => (usage.machines[0]?.runs.find((each) => each.firstSeq === first && each.lastSeq === last)?.bytes ?? 0) / ratio;
  expect(run(100, 300)).toBeGreaterThanOrEqual(1200 * sampleChunkBytes - 1);
  // Its own chunk, its own leaf and its own root.
  expect(run(200, 200)).toBeGreaterThanOrEqual(sampleChunkBytes);
  expect(run(200, 200)).toBeLessThan(sampleChunkBytes + 30_000);
  expect(usage.machines[0]?.uniqueBytes.get(manifests[0]?.[1]?.pointId ?? RestorePointId.parse('0'.repeat(32)))).toBe(Math.floor(run(200, 200) * ratio + 0.5));
  expect(usage.unreadablePages).toBe(0);
  await store.close();
});

test('what two machines name is shared and counted once', async () => {
  const store = await openMemoryStore();
  const { usage } = await measure(store, [[[1, 2, 3]], [[3, 2, 4]], [[2]]], 2);
  const { packBytes, plainBytes } = await store.stats();
  const near = (bytes: number, chunks: number): void => {
    expect(bytes).toBeGreaterThanOrEqual(Math.floor((chunks * sampleChunkBytes * packBytes) / plainBytes));
    expect(bytes).toBeLessThan(Math.floor((chunks * sampleChunkBytes * packBytes) / plainBytes) + 300);
  };
  near(usage.sharedBytes, 2);
  near(usage.machines[0]?.sharedBytes ?? 0, 2);
  near(usage.machines[1]?.sharedBytes ?? 0, 2);
  near(usage.machines[2]?.sharedBytes ?? 0, 1);
  near(usage.machines[0]?.exclusiveBytes ?? 0, 1);
  await store.close();
});

test('points and pages that are gone are left out and named; a stop stops', async () => {
  const store = await openMemoryStore();
  const machineId = MachineId.parse('1'.repeat(32));
  const { pointId } = await commitVolume(store, [sampleChunk(1)], { random, machineId });
  const gone = RestorePointId.parse(randomHex128(random));
  const machines = [{ machineId, points: [{ pointId, seq: 1 }, { pointId: gone, seq: 2 }] }];
  const usage = await measureUsage({ store, machines });
  expect(usage.machines[0]?.uniqueBytes.get(gone)).toBe(0);
  expect(usage.machines[0]?.uniqueBytes.get(pointId)).toBeGreaterThan(0);
  const readPage = () => Promise.resolve(new Uint8Array(3));
  expect(await measureUsage({ store: { readPage, readManifest: store.readManifest.bind(store), stats: () => store.stats() }, machines })).toMatchObject({ unreadablePages: 1, sharedBytes: 0 });
  await expect(measureUsage({ store, machines, signal: AbortSignal.abort(new TypeError('stopped')) })).rejects.toThrow('stopped');
  await store.close();
});
