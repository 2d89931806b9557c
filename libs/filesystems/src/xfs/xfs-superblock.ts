import { crc32c } from '../bytes/crc.js';

/** 1 TiB of 512-byte sectors in groups of 16 MiB, the smallest that mkfs makes, and beyond. */
const GROUPS_MAX = 1_048_576;
const CHECKSUM_OFFSET = 224;
/** Features that do not change where free space is recorded: ftype, sparse inodes, meta UUID, big time, repair wanted, large counters, exchange range, parents. */
const KNOWN_INCOMPAT = 0xff;
const NEEDS_REPAIR = 0x10;
/** Free inode btree, reverse map, reflink, inode counts. */
const KNOWN_RO_COMPAT = 0xf;

/** The numbers of an XFS superblock. Addresses and counts are in blocks. */
export type XfsSuperblock = Readonly<{
  version: 4 | 5;
  blockBytes: number;
  sectorBytes: number;
  blockCount: number;
  groupBlocks: number;
  groupCount: number;
  /** Bits of a block address that number the block inside its group. */
  groupBits: number;
  /** Address of the log as group and block in one number; 0 when it lies on another device. */
  logStart: bigint;
  logBlocks: number;
  realtimeBlocks: bigint;
  needsRepair: boolean;
}>;

/**
 * Reads a superblock and checks its numbers against each other and the volume.
 * @param raw the first sector of the volume, 512 bytes at least and all of it.
 * @returns the numbers, or why they cannot be used. Never throws.
 * @see kernel.org, "XFS Algorithms & Data Structures", "Superblocks"; linux/fs/xfs/libxfs/xfs_sb.c, `xfs_validate_sb_common`.
 */
export function parseXfsSuperblock(raw: Buffer, volumeBytes: number): XfsSuperblock | Readonly<{ problem: string; code: 'FS_SUPERBLOCK_DAMAGED' | 'FS_FEATURE_UNKNOWN' }> {
  const damaged = (problem: string): { problem: string; code: 'FS_SUPERBLOCK_DAMAGED' } => ({ problem, code: 'FS_SUPERBLOCK_DAMAGED' });
  const [blockBytes, sectorBytes, version] = [raw.readUInt32BE(4), raw.readUInt16BE(102), raw.readUInt16BE(100) & 0xf];
  if (version !== 4 && version !== 5) return { problem: `version ${String(version)}`, code: 'FS_FEATURE_UNKNOWN' };
  if (!isPowerOfTwo(blockBytes) || blockBytes < 512 || blockBytes > 65_536) return damaged('absurd block size');
  if (!isPowerOfTwo(sectorBytes) || sectorBytes < 512 || sectorBytes > blockBytes || sectorBytes > raw.length) return damaged('absurd sector size');
  if (version === 5 && !checksumMatches(raw.subarray(0, sectorBytes), CHECKSUM_OFFSET)) return damaged('checksum wrong');
  const [incompat, roCompat] = version === 5 ? [raw.readUInt32BE(216), raw.readUInt32BE(212)] : [0, 0];
  if ((incompat & ~KNOWN_INCOMPAT) !== 0 || (roCompat & ~KNOWN_RO_COMPAT) !== 0) return { problem: `features 0x${incompat.toString(16)}/0x${roCompat.toString(16)}`, code: 'FS_FEATURE_UNKNOWN' };
  const superblock: XfsSuperblock = {
    version, blockBytes, sectorBytes,
    blockCount: Number(raw.readBigUInt64BE(8)), groupBlocks: raw.readUInt32BE(84), groupCount: raw.readUInt32BE(88), groupBits: raw.readUInt8(124),
    logStart: raw.readBigUInt64BE(48), logBlocks: raw.readUInt32BE(96), realtimeBlocks: raw.readBigUInt64BE(16), needsRepair: (incompat & NEEDS_REPAIR) !== 0,
  };
  if (raw.readUInt8(126) !== 0) return damaged('mkfs did not finish');
  const problem = absurdityOf(superblock, volumeBytes);
  return problem === null ? superblock : damaged(problem);
}

function absurdityOf(sb: XfsSuperblock, volumeBytes: number): string | null {
  const { blockCount, groupBlocks, groupCount, blockBytes, groupBits } = sb;
  if (!Number.isSafeInteger(blockCount * blockBytes) || blockCount * blockBytes > volumeBytes) return 'filesystem larger than its volume';
  if (groupCount < 1 || groupCount > GROUPS_MAX || groupBlocks < 64) return 'absurd groups';
  if (groupCount * groupBlocks < blockCount || (groupCount - 1) * groupBlocks >= blockCount) return 'groups and size contradict each other';
  return groupBits > 31 || 2 ** groupBits < groupBlocks ? 'absurd group numbers' : null;
}

/** True when the CRC-32C of a structure, taken with its own field as zeros, is the one in it. @see linux/fs/xfs/libxfs/xfs_cksum.h. */
export function checksumMatches(bytes: Buffer, fieldOffset: number): boolean {
  const head = crc32c(0xffff_ffff, bytes.subarray(0, fieldOffset));
  const crc = crc32c(crc32c(head, new Uint8Array(4)), bytes.subarray(fieldOffset + 4));
  return (~crc >>> 0) === bytes.readUInt32LE(fieldOffset);
}

const isPowerOfTwo = (value: number): boolean => value > 0 && Number.isInteger(Math.log2(value));
