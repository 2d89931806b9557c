import { INCOMPAT, COMPAT, RO_COMPAT } from './ext-features.js';
import type { ExtSuperblock } from './ext-superblock.js';

/** A run of blocks. */
export type BlockRun = Readonly<{ start: number; count: number }>;

export const firstBlockOf = (sb: ExtSuperblock, group: number): number => sb.firstDataBlock + group * sb.blocksPerGroup;

/** Blocks of the group; the last one may be short. */
export const blocksIn = (sb: ExtSuperblock, group: number): number => Math.min(sb.blocksPerGroup, sb.blockCount - firstBlockOf(sb, group));

export const descriptorsPerBlock = (sb: ExtSuperblock): number => sb.blockBytes / sb.descriptorBytes;

/** With 1 KiB blocks and bigalloc block 0 is the boot block although the first data block is 0: the superblock is in block 1. */
const bootShift = (sb: ExtSuperblock, group: number): number => (group === 0 && sb.blockBytes === 1024 && sb.firstDataBlock === 0 ? 1 : 0);

/** True when the group begins with a copy of the superblock. @see docs.kernel.org/filesystems/ext4, "Super Block". */
export function hasSuperblockCopy(sb: ExtSuperblock, group: number): boolean {
  if (group === 0) return true;
  if (sb.features.compat & COMPAT.sparseSuper2) return sb.backupGroups.includes(group);
  if (group === 1 || !(sb.features.roCompat & RO_COMPAT.sparseSuper)) return true;
  return group % 2 === 1 && [3, 5, 7].some((prime) => isPowerOf(group, prime));
}

function isPowerOf(value: number, prime: number): boolean {
  let rest = value;
  while (rest > 1 && rest % prime === 0) rest /= prime;
  return rest === 1;
}

/** The block that holds descriptor block `index`. @see linux/fs/ext4/super.c, `descriptor_loc`. */
export function descriptorBlockAddress(sb: ExtSuperblock, index: number): number {
  if (!(sb.features.incompat & INCOMPAT.metaBg) || index < sb.firstMetaBg) return firstBlockOf(sb, 0) + bootShift(sb, 0) + 1 + index;
  const group = index * descriptorsPerBlock(sb);
  return firstBlockOf(sb, group) + bootShift(sb, group) + (hasSuperblockCopy(sb, group) ? 1 : 0);
}

/**
 * The blocks at the start of a group that hold the superblock copy, descriptors and room reserved for descriptors; null when there are none.
 * They are in use even when the group's bitmap was never written. @see linux/fs/ext4/balloc.c, `ext4_num_base_meta_blocks`.
 */
export function groupHead(sb: ExtSuperblock, group: number): BlockRun | null {
  const superblock = hasSuperblockCopy(sb, group) ? 1 : 0;
  const metaBg = (sb.features.incompat & INCOMPAT.metaBg) !== 0;
  const perBlock = descriptorsPerBlock(sb);
  const start = group === 0 ? 0 : firstBlockOf(sb, group);
  const offset = group === 0 ? firstBlockOf(sb, 0) + bootShift(sb, 0) : 0;
  let count = superblock;
  if (!metaBg || group < sb.firstMetaBg * perBlock) {
    const descriptorBlocks = metaBg ? sb.firstMetaBg : Math.ceil(sb.groupCount / perBlock);
    if (superblock) count += descriptorBlocks + sb.reservedGdtBlocks;
  } else if ([0, 1, perBlock - 1].includes(group % perBlock)) {
    count += 1;
  }
  return count + offset === 0 ? null : { start, count: Math.min(offset + count, sb.blockCount - start) };
}
