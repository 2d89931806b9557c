import { openBlockReader, readBlockGeometry, readDiskLayout, subReader, type BlockReader } from '@lifeboat/block-device';
import { readUsedExtents } from '@lifeboat/filesystems';
import type { DiskFacts, DiskLayout } from '@lifeboat/model';
import type { ChosenDisk } from './choose-disks.js';
import type { InspectedDisk, InspectedVolume } from './inspected-disk.js';
import { readMountFacts } from './mount-facts.js';

/**
 * Opens the disks and reads layout, mounts and filesystems. The caller closes every reader.
 * @throws what opening a disk and reading its layout throw; then nothing is left open.
 */
export async function inspectDisks(disks: readonly ChosenDisk[]): Promise<InspectedDisk[]> {
  const inspected: InspectedDisk[] = [];
  try {
    for (const disk of disks) inspected.push(await inspectDisk(disk));
    return inspected;
  } catch (error) {
    await closeDisks(inspected);
    throw error;
  }
}

/** Closes the readers of inspected disks. */
export async function closeDisks(disks: readonly InspectedDisk[]): Promise<void> {
  await Promise.all(disks.map((disk) => disk.reader.close()));
}

async function inspectDisk(disk: ChosenDisk): Promise<InspectedDisk> {
  const geometry = await readBlockGeometry(disk.path);
  // The page cache of a disk is not coherent with that of its partitions; an image file has only one.
  const reader = await openBlockReader(disk.path, { direct: geometry.kind === 'device' });
  try {
    const layout = await readDiskLayout(reader, { physicalSectorBytes: geometry.physicalSectorBytes });
    const { diskId } = disk;
    const facts: DiskFacts = { diskId, path: disk.path, kind: geometry.kind, model: disk.model, serial: disk.serial };
    return { facts, layout, mounts: await readMountFacts(disk.path), volumes: await inspectVolumes(reader, layout, diskId), reader };
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
