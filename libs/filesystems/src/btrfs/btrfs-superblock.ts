import { createHash } from 'node:crypto';
import { crc32c } from '../bytes/crc.js';

export const BTRFS_SUPERBLOCK_OFFSET = 65_536;
export const BTRFS_SUPERBLOCK_BYTES = 4096;
const CHECKSUM_BYTES = 32;
const ARRAY_OFFSET = 811;
const ARRAY_BYTES_MAX = 2048;
/**
 * Features under which extents lie where this reader looks: all but zoned devices, the second extent tree and the raid stripe tree.
 * @see linux/include/uapi/linux/btrfs.h, BTRFS_FEATURE_INCOMPAT_*.
 */
const KNOWN_INCOMPAT = 0xfffn | 0x1_0000n;
/** Free space tree, verity, block group tree. */
const KNOWN_RO_COMPAT = 0xfn;
const METADATA_UUID = 0x400n;
const FLAG = { written: 1n, relocated: 2n, error: 4n, seeding: 1n << 32n } as const;

/** The numbers of a btrfs superblock. Addresses are logical unless said otherwise. */
export type BtrfsSuperblock = Readonly<{
  /** Of the nodes of the trees. */
  nodeFsid: Buffer;
  checksum: 'crc32c' | 'sha256' | 'unchecked';
  generation: bigint;
  root: number;
  rootLevel: number;
  chunkRoot: number;
  chunkRootLevel: number;
  hasLogTree: boolean;
  bytesUsed: number;
  deviceCount: number;
  deviceId: bigint;
  /** Of this device. */
  deviceBytes: number;
  sectorBytes: number;
  nodeBytes: number;
  hasErrors: boolean;
  systemChunks: Buffer;
}>;

/**
 * Reads a superblock with the magic and checks it.
 * @returns the numbers, or why they cannot be used. Never throws.
 * @see btrfs.readthedocs.io, "On-disk format", "Superblock".
 */
export function parseBtrfsSuperblock(raw: Buffer, volumeBytes: number): BtrfsSuperblock | Readonly<{ problem: string; code: 'FS_SUPERBLOCK_DAMAGED' | 'FS_FEATURE_UNKNOWN' }> {
  const damaged = (problem: string): { problem: string; code: 'FS_SUPERBLOCK_DAMAGED' } => ({ problem, code: 'FS_SUPERBLOCK_DAMAGED' });
  const checksum = ([0, 1, 2, 3] as const).find((type) => type === raw.readUInt16LE(196));
  const [incompat, roCompat, flags] = [raw.readBigUInt64LE(188), raw.readBigUInt64LE(180), raw.readBigUInt64LE(56)];
  const strange = (incompat & ~KNOWN_INCOMPAT) !== 0n || (roCompat & ~KNOWN_RO_COMPAT) !== 0n || (flags & ~(FLAG.written | FLAG.relocated | FLAG.error | FLAG.seeding)) !== 0n;
  if (checksum === undefined || strange) return { problem: `features 0x${incompat.toString(16)}/0x${roCompat.toString(16)}/0x${flags.toString(16)}`, code: 'FS_FEATURE_UNKNOWN' };
  const superblock: BtrfsSuperblock = {
    nodeFsid: incompat & METADATA_UUID ? raw.subarray(571, 587) : raw.subarray(32, 48),
    checksum: checksum === 0 ? 'crc32c' : checksum === 2 ? 'sha256' : 'unchecked',
    generation: raw.readBigUInt64LE(72),
    root: safe(raw, 80), rootLevel: raw.readUInt8(198), chunkRoot: safe(raw, 88), chunkRootLevel: raw.readUInt8(199),
    hasLogTree: raw.readBigUInt64LE(96) !== 0n,
    bytesUsed: safe(raw, 120), deviceCount: safe(raw, 136), deviceId: raw.readBigUInt64LE(201), deviceBytes: safe(raw, 209),
    sectorBytes: raw.readUInt32LE(144), nodeBytes: raw.readUInt32LE(148),
    hasErrors: (flags & FLAG.error) !== 0n,
    systemChunks: raw.subarray(ARRAY_OFFSET, ARRAY_OFFSET + Math.min(ARRAY_BYTES_MAX, raw.readUInt32LE(160))),
  };
  if (!checksumMatches(raw, superblock.checksum)) return damaged('checksum wrong');
  if (raw.readBigUInt64LE(48) !== BigInt(BTRFS_SUPERBLOCK_OFFSET)) return damaged('a copy in the place of the first one');
  if (![4096, 8192, 16_384, 32_768, 65_536].includes(superblock.sectorBytes)) return damaged('absurd sector size');
  if (!isPowerOfTwo(superblock.nodeBytes) || superblock.nodeBytes < superblock.sectorBytes || superblock.nodeBytes > 65_536) return damaged('absurd node size');
  return superblock.deviceBytes > volumeBytes || superblock.deviceBytes < BTRFS_SUPERBLOCK_OFFSET ? damaged('filesystem larger than its volume') : superblock;
}

/** True when a superblock or a node is what its checksum was made of; those of two rarer kinds are left to the other checks. */
export function checksumMatches(bytes: Buffer, kind: BtrfsSuperblock['checksum']): boolean {
  const covered = bytes.subarray(CHECKSUM_BYTES);
  switch (kind) {
    case 'crc32c':
      return (~crc32c(0xffff_ffff, covered) >>> 0) === bytes.readUInt32LE(0);
    case 'sha256':
      return createHash('sha256').update(covered).digest().equals(bytes.subarray(0, CHECKSUM_BYTES));
    case 'unchecked':
      return true;
  }
}

/** A 64-bit number as a safe integer; infinity, which fails every check of a range, when it is none. */
export function safe(bytes: Buffer, offset: number): number {
  const value = Number(bytes.readBigUInt64LE(offset));
  return Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY;
}

const isPowerOfTwo = (value: number): boolean => value > 0 && Number.isInteger(Math.log2(value));
