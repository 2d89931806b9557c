import { basename } from 'node:path';
import type { DiskLayout } from '@lifeboat/model';
import { type BlockGeometry, BlockPathMissing, findMounts, LayoutUnreadable, listDisks, openBlockReader, readBlockGeometry, readDiskLayout, type Mount } from '@lifeboat/block-device';
import type { TargetFacts } from '../plan/restore-plan.js';

/**
 * Gathers what {@link TargetFacts} says of a path: an existing device or image, or a file that is still to be made. Opens nothing for writing.
 *
 * @throws BlockPathIsDirectory, BlockPathUnsupported, BlockPathForbidden (BLOCK_PATH_…), DiskInventoryFailed (DISK_INVENTORY_FAILED).
 */
export async function inspectTarget(path: string): Promise<TargetFacts> {
  const name = basename(path);
  const geometry = await findGeometry(path);
  if (!geometry) return { path, exists: false, kind: 'new-image', identity: name, sizeBytes: 0, logicalSectorBytes: 512, layout: null, usedBy: [] };
  const { kind, sizeBytes, logicalSectorBytes } = geometry;
  const usedBy = (await findMounts(path)).map(describeMount);
  if (kind === 'image' && sizeBytes === 0) return { path, exists: true, kind: 'new-image', identity: name, sizeBytes, logicalSectorBytes, layout: null, usedBy };
  const serial = kind === 'device' ? (await listDisks()).find((disk) => disk.path === path)?.serial : null;
  return { path, exists: true, kind, identity: serial ?? name, sizeBytes, logicalSectorBytes, layout: await findLayout(path), usedBy };
}

/** Null when there is nothing at the path yet. */
async function findGeometry(path: string): Promise<BlockGeometry | null> {
  try {
    return await readBlockGeometry(path);
  } catch (error) {
    if (error instanceof BlockPathMissing) return null;
    throw error;
  }
}

/** Null for a table that is damaged beyond use: such a target can only be made anew. */
async function findLayout(path: string): Promise<DiskLayout | null> {
  const reader = await openBlockReader(path);
  try {
    return await readDiskLayout(reader);
  } catch (error) {
    if (error instanceof LayoutUnreadable) return null;
    throw error;
  } finally {
    await reader.close();
  }
}

const describeMount = (mount: Mount): string => (mount.use === 'swap' ? `${mount.devicePath} is used as swap` : `${mount.devicePath} is mounted at ${mount.mountPoint}`);
