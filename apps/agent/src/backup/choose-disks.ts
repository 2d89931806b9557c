import { realpath } from 'node:fs/promises';
import { listDisks, readBlockGeometry, type DetectedDisk } from '@lifeboat/block-device';
import { UsageInvalid } from '../errors/agent-errors.js';
import { diskIdsOf } from './disk-id.js';

/** A disk that belongs to this computer's backup. */
export type ChosenDisk = Readonly<{ diskId: string; path: string; kind: 'device' | 'image'; model: string | null; serial: string | null; sizeBytes: number }>;

/**
 * The disks to protect: the given block devices and image files, or all fixed disks of the computer when none is given.
 *
 * @throws BLOCK_PATH_MISSING, BLOCK_PATH_IS_DIRECTORY, BLOCK_PATH_UNSUPPORTED; UsageInvalid (USAGE_INVALID) when there is no fixed disk, or
 *   one is named twice.
 */
export async function chooseDisks(paths: readonly string[]): Promise<ChosenDisk[]> {
  const found = paths.length === 0 ? await findFixedDisks() : await Promise.all(paths.map(describeDisk));
  if (found.length === 0) throw new UsageInvalid('this computer has no fixed disk', 'Name what to protect with --disk PATH, a block device or an image file.');
  if (new Set(found.map((disk) => disk.path)).size !== found.length) throw new UsageInvalid('a disk is named twice', 'Name each disk once.');
  const ids = diskIdsOf(found);
  return found.map((disk, index) => ({ ...disk, diskId: ids[index] ?? '' }));
}

async function findFixedDisks(): Promise<Omit<ChosenDisk, 'diskId'>[]> {
  const disks = await listDisks();
  return disks.filter((disk) => !disk.removable && !disk.readOnly).map(ofDetected);
}

async function describeDisk(path: string): Promise<Omit<ChosenDisk, 'diskId'>> {
  const { kind, sizeBytes } = await readBlockGeometry(path);
  const resolved = await realpath(path);
  if (kind === 'image') return { path: resolved, kind, model: null, serial: null, sizeBytes };
  const detected = (await listDisks().catch(() => [])).find((disk) => disk.path === resolved);
  // A device that lsblk does not list as a disk, e.g. a loop device or a logical volume, has no serial of its own.
  return detected ? { ...ofDetected(detected), sizeBytes } : { path: resolved, kind, model: null, serial: null, sizeBytes };
}

const ofDetected = (disk: DetectedDisk): Omit<ChosenDisk, 'diskId'> => ({ path: disk.path, kind: 'device', model: disk.model, serial: disk.serial, sizeBytes: disk.sizeBytes });
