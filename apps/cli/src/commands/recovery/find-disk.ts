import type { DiskManifest, RestorePointManifest } from '@lifeboat/model';
import { DiskNotInPoint } from '../../cli-errors.js';

/**
 * The disk a person means: its number in `get items` (from 0), or its id; without either, the only disk.
 * @throws DiskNotInPoint (DISK_NOT_IN_POINT)
 */
export function findDisk(manifest: RestorePointManifest, wanted: string | undefined): DiskManifest {
  const only = manifest.disks.length === 1 ? manifest.disks[0] : undefined;
  const byNumber = wanted !== undefined && /^\d{1,3}$/.test(wanted) ? manifest.disks[Number(wanted)] : undefined;
  const found = wanted === undefined ? only : (byNumber ?? manifest.disks.find((disk) => disk.facts.diskId === wanted));
  if (!found) throw new DiskNotInPoint({ disk: wanted ?? 'none named', disks: manifest.disks.map((disk, number) => `${String(number)} (${disk.facts.diskId})`) });
  return found;
}
