import { type Partition, type Warning, endOf } from '@lifeboat/model';

const NUMBERS_IN_MESSAGE_MAX = 20;

/**
 * Keeps the partitions that lie inside the disk and do not overlap an earlier one, sorted by offset; warns of the others. What is left out is
 * not lost: its bytes lie outside all partitions and are captured as such.
 */
export function acceptPartitions(found: readonly Partition[], sizeBytes: number): { partitions: Partition[]; warnings: Warning[] } {
  const sorted = [...found].sort((a, b) => a.offsetBytes - b.offsetBytes || a.number - b.number);
  const partitions: Partition[] = [];
  const outside: number[] = [];
  const overlapping: number[] = [];
  for (const partition of sorted) {
    const last = partitions.at(-1);
    if (partition.offsetBytes <= 0 || partition.lengthBytes <= 0 || partition.lengthBytes > sizeBytes - partition.offsetBytes) outside.push(partition.number);
    else if (last && partition.offsetBytes < endOf(last)) overlapping.push(partition.number);
    else partitions.push(partition);
  }
  const warnings: Warning[] = [];
  if (outside.length > 0) warnings.push({ code: 'PARTITION_OUT_OF_RANGE', message: `partitions ${list(outside)} reach outside the disk and are treated as unpartitioned space` });
  if (overlapping.length > 0) warnings.push({ code: 'PARTITIONS_OVERLAP', message: `partitions ${list(overlapping)} overlap an earlier one and are treated as unpartitioned space` });
  return { partitions, warnings };
}

const list = (numbers: readonly number[]): string => numbers.slice(0, NUMBERS_IN_MESSAGE_MAX).join(', ') + (numbers.length > NUMBERS_IN_MESSAGE_MAX ? ', …' : '');
