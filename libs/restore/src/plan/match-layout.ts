import type { DiskLayout, Partition, VolumeManifest } from '@lifeboat/model';

export type LayoutMatch = Readonly<{ matches: boolean; differences: readonly string[]; identityChanges: readonly string[] }>;

/**
 * Tells whether the chosen volumes can be written into the target's partitions as they are: same kind of table and sector size, and for each chosen
 * partition one with equal number, start, length and type. Another unique GUID does not hinder, but is named.
 */
export function matchLayout(source: DiskLayout, target: DiskLayout, chosen: readonly VolumeManifest[]): LayoutMatch {
  const differences: string[] = [];
  const identityChanges: string[] = [];
  if (source.table !== target.table) differences.push(`the source has ${tableName(source)}, the target ${tableName(target)}`);
  if (source.logicalSectorBytes !== target.logicalSectorBytes) differences.push(`sectors have ${source.logicalSectorBytes} bytes on the source and ${target.logicalSectorBytes} on the target`);
  if (source.table === 'none' && source.sizeBytes !== target.sizeBytes) differences.push('a disk without a table must have the same size');
  if (differences.length > 0) return { matches: false, differences, identityChanges };
  for (const volume of chosen) {
    if (volume.role !== 'partition') continue;
    const from = source.partitions.find((partition) => partition.number === volume.partitionNumber);
    const to = target.partitions.find((partition) => partition.number === volume.partitionNumber);
    if (!from || !to) differences.push(`the target has no partition ${String(volume.partitionNumber)}`);
    else differences.push(...differencesOf(from, to));
    if (from && to && from.guid !== to.guid) identityChanges.push(`partition ${from.number} keeps the target's GUID ${to.guid ?? 'none'} instead of ${from.guid ?? 'none'}`);
  }
  return { matches: differences.length === 0, differences, identityChanges };
}

function differencesOf(from: Partition, to: Partition): string[] {
  const differences: string[] = [];
  if (from.offsetBytes !== to.offsetBytes) differences.push(`partition ${from.number} begins at ${from.offsetBytes} on the source and at ${to.offsetBytes} on the target`);
  if (from.lengthBytes !== to.lengthBytes) differences.push(`partition ${from.number} has ${from.lengthBytes} bytes on the source and ${to.lengthBytes} on the target`);
  if (from.type.toLowerCase() !== to.type.toLowerCase()) differences.push(`partition ${from.number} has type ${from.type} on the source and ${to.type} on the target`);
  return differences;
}

const tableName = (layout: DiskLayout): string => (layout.table === 'none' ? 'no partition table' : `a table of kind ${layout.table}`);
