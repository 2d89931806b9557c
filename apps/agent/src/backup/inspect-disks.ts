import { openBlockReader, readBlockGeometry, readDiskLayout, subReader, type BlockReader } from '@lifeboat/block-device';
import type { Snapshot, SnapshotProvider } from '@lifeboat/change-tracking';
import { readUsedExtents } from '@lifeboat/filesystems';
import type { DiskLayout } from '@lifeboat/model';
import type { ChosenDisk } from './choose-disks.js';
import type { InspectedDisk, InspectedVolume, MountFact } from './inspected-disk.js';
import { readMountFacts } from './mount-facts.js';

/**
 * Opens the disks and reads layout, mounts and filesystems. A volume that is mounted for writing is read from a snapshot where one of the
 * providers can take one. The caller hands the result to {@link closeDisks}.
 *
 * @param snapshots none when the disks are only looked at.
 * @throws what opening a disk and reading its layout throw, SNAPSHOT_NO_SPACE, SNAPSHOT_FAILED; then nothing is left open.
 */
export async function inspectDisks(disks: readonly ChosenDisk[], snapshots: readonly SnapshotProvider[]): Promise<InspectedDisk[]> {
  const inspected: InspectedDisk[] = [];
  try {
    for (const disk of disks) inspected.push(await inspectDisk(disk, snapshots));
    return inspected;
  } catch (error) {
    await closeDisks(inspected);
    throw error;
  }
}

/** Closes the readers of inspected disks and removes their snapshots. */
export async function closeDisks(disks: readonly InspectedDisk[]): Promise<void> {
  for (const disk of disks) {
    await disk.reader.close();
    await disk.snapshot?.release();
  }
}

async function inspectDisk(disk: ChosenDisk, snapshots: readonly SnapshotProvider[]): Promise<InspectedDisk> {
  const mounts = await readMountFacts(disk.path);
  const snapshot = await takeSnapshot(disk, mounts, snapshots);
  try {
    return await inspectSource(disk, { mounts: snapshot ? [] : mounts, snapshot });
  } catch (error) {
    await snapshot?.release();
    throw error;
  }
}

/** Of a whole disk there is no snapshot: only a volume that is protected as such can have one. */
async function takeSnapshot(disk: ChosenDisk, mounts: readonly MountFact[], snapshots: readonly SnapshotProvider[]): Promise<Snapshot | null> {
  if (disk.kind !== 'device' || !mounts.some((mount) => mount.readWrite)) return null;
  for (const provider of snapshots) {
    const snapshot = await provider.take(disk.path);
    if (snapshot) return snapshot;
  }
  return null;
}

async function inspectSource(disk: ChosenDisk, found: Pick<InspectedDisk, 'mounts' | 'snapshot'>): Promise<InspectedDisk> {
  const path = found.snapshot?.path ?? disk.path;
  const { kind, physicalSectorBytes } = await readBlockGeometry(path);
  // The page cache of a disk is not coherent with that of its partitions; an image file has only one.
  const reader = await openBlockReader(path, { direct: kind === 'device' });
  try {
    const layout = await readDiskLayout(reader, { physicalSectorBytes });
    const { diskId, model, serial } = disk;
    return { ...found, facts: { diskId, path: disk.path, kind, model, serial }, layout, volumes: await inspectVolumes(reader, layout, diskId), reader };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

async function inspectVolumes(reader: BlockReader, layout: DiskLayout, diskId: string): Promise<InspectedVolume[]> {
  if (layout.table === 'none') {
    const contents = await readUsedExtents(reader);
    return [{ volumeId: `${diskId}/whole`, role: 'whole-disk', partitionNumber: null, offsetBytes: 0, lengthBytes: layout.sizeBytes, contents }];
  }
  const volumes: InspectedVolume[] = [];
  for (const { number, offsetBytes, lengthBytes } of layout.partitions) {
    const contents = await readUsedExtents(subReader(reader, { offsetBytes, lengthBytes }));
    volumes.push({ volumeId: `${diskId}/p${String(number)}`, role: 'partition', partitionNumber: number, offsetBytes, lengthBytes, contents });
  }
  return volumes;
}
