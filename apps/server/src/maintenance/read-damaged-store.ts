import { open, type FileHandle } from 'node:fs/promises';
import { systemClock, systemRandom } from '@lifeboat/codec';
import { isLifeboatError, RestorePointId, walkMap, type MachineId, type RestorePointManifest, type VolumeManifest } from '@lifeboat/model';
import { openStore, type Store } from '@lifeboat/store';
import { findStore } from './find-store.js';
import { VolumeUnknown } from './maintenance-errors.js';

/** A restore point that can be read, with its volumes; `reason` when its root cannot. */
export type ReadablePoint = Readonly<{ machineId: MachineId; pointId: RestorePointId; manifest: RestorePointManifest | null; reason: string | null }>;

/** What an export wrote: bytes of the volume, and how many of them are lost and were left as holes. */
export type ExportReport = Readonly<{ v: 1; pointId: string; volumeId: string; lengthBytes: number; lostBytes: number }>;

/** Points of a store that may be damaged in any way that leaves it readable, also in its ledger. Writes nothing but the derived index. */
export async function listReadablePoints(dataDir: string): Promise<ReadablePoint[]> {
  return withStore(dataDir, async (store) => {
    const points: ReadablePoint[] = [];
    for (const { machineId, pointId } of await committedPoints(store)) points.push(await describe(store, machineId, pointId));
    return points;
  });
}

/**
 * Writes the bytes of one volume of a point into a new file; runs of zeros and what is lost stay holes.
 * @throws VolumeUnknown (VOLUME_UNKNOWN), POINT_MISSING, POINT_DAMAGED, and `EEXIST`: an existing file is not touched.
 */
export async function exportVolume(dataDir: string, wanted: Readonly<{ point: string; volume: string; output: string }>): Promise<ExportReport> {
  return withStore(dataDir, async (store) => {
    const pointId = RestorePointId.parse(wanted.point);
    const found = (await committedPoints(store)).find((point) => point.pointId === pointId);
    const manifest = found && (await store.readManifest(found.machineId, pointId));
    const volume = manifest?.disks.flatMap((disk) => disk.volumes).find(({ volumeId }) => volumeId === wanted.volume);
    if (!volume) throw new VolumeUnknown({ point: wanted.point, volume: wanted.volume });
    const file = await open(wanted.output, 'wx', 0o600);
    try {
      const lostBytes = await writeVolume(store, volume, file);
      await file.sync();
      return { v: 1, pointId, volumeId: volume.volumeId, lengthBytes: volume.lengthBytes, lostBytes };
    } finally {
      await file.close();
    }
  });
}

async function writeVolume(store: Store, volume: VolumeManifest, file: FileHandle): Promise<number> {
  let lostBytes = 0;
  await file.truncate(volume.lengthBytes);
  for await (const entry of walkMap({ root: volume.mapRoot, lengthBytes: volume.lengthBytes, getPage: store.readPage })) {
    if (entry.kind === 'unreadable') lostBytes += entry.lengthBytes;
    if (entry.kind !== 'data') continue;
    const bytes = await store.readChunk(entry.digest).catch(nullWhenLost);
    if (bytes) await writeFully(file, bytes, entry.offsetBytes);
    else lostBytes += entry.lengthBytes;
  }
  return lostBytes;
}

async function writeFully(file: FileHandle, bytes: Uint8Array, offsetBytes: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done, offsetBytes + done)).bytesWritten;
}

function nullWhenLost(error: unknown): null {
  if (isLifeboatError(error) && (error.code === 'CHUNK_DAMAGED' || error.code === 'CHUNK_MISSING')) return null;
  throw error;
}

async function describe(store: Store, machineId: MachineId, pointId: RestorePointId): Promise<ReadablePoint> {
  try {
    return { machineId, pointId, manifest: await store.readManifest(machineId, pointId), reason: null };
  } catch (error) {
    if (!isLifeboatError(error)) throw error;
    return { machineId, pointId, manifest: null, reason: error.code };
  }
}

/** Commits without a purge, as far as the ledger can be read. */
async function committedPoints(store: Store): Promise<{ machineId: MachineId; pointId: RestorePointId }[]> {
  const points = new Map<string, { machineId: MachineId; pointId: RestorePointId }>();
  for await (const { event } of store.readLedger(1)) {
    if (event.type === 'point.committed') points.set(event.pointId, { machineId: event.machineId, pointId: event.pointId });
    if (event.type === 'point.purged') points.delete(event.pointId);
  }
  return [...points.values()];
}

async function withStore<T>(dataDir: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ path: await findStore(dataDir), clock: systemClock, random: systemRandom, readOnly: true });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
