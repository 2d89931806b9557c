import { MachineId, RestorePointId, type RestorePointManifest } from '@lifeboat/model';
import { isInvalid } from '../binary/binary.js';
import { readCopy } from '../fs/read-copy.js';
import { decodePointFile, manifestBytesMax, POINT_HEADER_BYTES, pointDirectories, pointTwinsOf } from '../point/point-file.js';
import type { PointRef } from '../point/point-files.js';
import type { GcPorts } from './gc-ports.js';

const suffix = '.point';

/** Point files without a committed point: of purges that a crash stopped half-way, and of commits that never got their ledger record. */
export type LeftoverPoints = Readonly<{ purged: readonly PointRef[]; uncommitted: readonly PointRef[] }>;

/** Lists the leftovers. Cost: lists the directories of points; reads the ledger when there are any. */
export async function findLeftoverPoints({ fs, points, ledger }: GcPorts): Promise<LeftoverPoints> {
  const unknown = new Map<string, PointRef>();
  for (const directory of pointDirectories) {
    for (const machine of (await fs.exists(directory)) ? await fs.readDir(directory) : []) {
      const machineId = MachineId.safeParse(machine);
      if (!machineId.success || (await fs.stat(`${directory}/${machine}`))?.kind !== 'directory') continue;
      for (const name of await fs.readDir(`${directory}/${machine}`)) {
        const pointId = RestorePointId.safeParse(name.slice(0, -suffix.length));
        if (!name.endsWith(suffix) || !pointId.success || points.find(machineId.data, pointId.data)) continue;
        unknown.set(`${machine}/${pointId.data}`, { machineId: machineId.data, pointId: pointId.data });
      }
    }
  }
  if (unknown.size === 0) return { purged: [], uncommitted: [] };
  const purged: PointRef[] = [];
  for await (const { event } of ledger.read(1)) {
    if (event.type !== 'point.purged') continue;
    const key = `${event.machineId}/${event.pointId}`;
    const found = unknown.get(key);
    if (found) purged.push(found);
    unknown.delete(key);
  }
  return { purged, uncommitted: [...unknown.values()] };
}

/** What uncommitted point files say, as far as they can be read. */
export async function readLeftovers({ fs, storeId }: GcPorts, leftovers: readonly PointRef[]): Promise<RestorePointManifest[]> {
  const manifests: RestorePointManifest[] = [];
  for (const point of leftovers) {
    for (const path of Object.values(pointTwinsOf(point))) {
      const copy = await readCopy(fs, path, { bytesMax: manifestBytesMax + POINT_HEADER_BYTES, sync: false });
      if (!(copy instanceof Uint8Array)) continue;
      const decoded = decodePointFile(copy, { storeId, ...point });
      if (!isInvalid(decoded)) manifests.push(decoded.manifest);
    }
  }
  return manifests;
}
