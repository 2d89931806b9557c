import { isDeepStrictEqual } from 'node:util';
import { isLifeboatError, walkMap, type Digest, type MachineId, type MapEntry } from '@lifeboat/model';
import type { Store } from '@lifeboat/store';
import { ensure } from '../world/simulation-failed.js';
import type { ModelPoint, ReferenceModel } from './reference-model.js';
import { chunkOf, joined, lengthOf, mapOf, type SimVolume } from './sim-volume.js';

/** `choose` picks the points to read; by default all of them. */
export type VerifyScope = Readonly<{ machines: readonly MachineId[]; choose?: (points: readonly ModelPoint[]) => readonly ModelPoint[] }>;

/**
 * Compares a store with the reference model: every record that was promised is in the ledger, every point that was committed comes back byte for byte, and the
 * ledger names no point that nobody asked for. Learns of commits whose answer got lost.
 */
export async function verifyStore(store: Store, model: ReferenceModel, { machines, choose }: VerifyScope): Promise<void> {
  await verifyLedger(store, model);
  const points = choose ? choose(model.alive()) : model.alive();
  for (const point of points) await verifyPoint(store, point, machines);
}

async function verifyLedger(store: Store, model: ReferenceModel): Promise<void> {
  let lastSeq = 0;
  const committed = new Set<string>();
  for await (const record of store.readLedger(1)) {
    ensure(record.seq === lastSeq + 1, () => `ledger record ${String(record.seq)} follows ${String(lastSeq)}`);
    lastSeq = record.seq;
    model.recorded(record);
    const { event } = record;
    if (event.type === 'point.purged') {
      ensure(model.purging.has(event.pointId), () => `point ${event.pointId} was purged, but nobody asked for it`);
      model.purged.add(event.pointId);
    }
    if (event.type !== 'point.committed') continue;
    committed.add(event.pointId);
    if (model.points.has(event.pointId)) continue;
    const manifest = await store.readManifest(event.machineId, event.pointId);
    model.committed(manifest.agentStartedAtMs, event.machineId, event.pointId);
  }
  const promisedSeq = Math.max(0, ...model.records.keys());
  ensure(promisedSeq <= lastSeq, () => `the ledger ends at ${String(lastSeq)}, but record ${String(promisedSeq)} was promised`);
  for (const pointId of model.points.keys()) ensure(committed.has(pointId), () => `the ledger has lost point ${pointId}`);
}

async function verifyPoint(store: Store, point: ModelPoint, machines: readonly MachineId[]): Promise<void> {
  const { machineId, pointId } = point;
  const manifest = await store.readManifest(machineId, pointId);
  ensure(manifest.agentStartedAtMs === point.attempt, () => `point ${pointId} is another backup`);
  const found = manifest.disks.flatMap(({ volumes }) => volumes);
  ensure(found.length === point.volumes.length, () => `point ${pointId} has ${String(found.length)} volumes`);
  for (const volume of point.volumes) {
    const kept = found.find(({ volumeId }) => volumeId === volume.volumeId);
    ensure(kept?.lengthBytes === lengthOf(volume), () => `point ${pointId} lacks volume ${volume.volumeId}`);
    await verifyVolume(store, volume, kept.mapRoot);
  }
  // Nobody finds another's point.
  for (const other of machines) {
    if (other !== machineId) ensure((await codeOf(store.readManifest(other, pointId))) === 'POINT_MISSING', () => `${other} sees the point of ${machineId}`);
  }
}

/** Reads a volume as a restore does and compares every byte. */
async function verifyVolume(store: Store, volume: SimVolume, mapRoot: Digest): Promise<void> {
  const entries: MapEntry[] = [];
  for await (const entry of walkMap({ root: mapRoot, lengthBytes: lengthOf(volume), getPage: store.readPage })) entries.push(entry);
  const expected = mapOf(volume);
  ensure(isDeepStrictEqual(joined(entries), joined(expected)), () => `the map of ${volume.volumeId} is another one`);
  const data = volume.runs.filter((run) => run.kind === 'data');
  let index = 0;
  for (const entry of entries) {
    if (entry.kind !== 'data') continue;
    const run = data[index];
    index += 1;
    const bytes = await store.readChunk(entry.digest);
    ensure(run?.kind === 'data' && Buffer.compare(bytes, chunkOf(run.seed, run.lengthBytes).bytes) === 0, () => `bytes of ${volume.volumeId} at ${String(entry.offsetBytes)} are others`);
  }
}

/** The code a promise fails with, or `none`. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return isLifeboatError(error) ? error.code : String(error);
  }
}
