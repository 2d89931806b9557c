import { bytesToHex } from '@lifeboat/model';
import type { FilesystemIdentity } from '../used-extents.js';
import { crc32c } from '../bytes/crc.js';
import { type ExtFeatures, COMPAT, INCOMPAT, RO_COMPAT, extVersion } from './ext-features.js';

/** The superblock lies here in every ext volume, whatever its block size. */
export const SUPERBLOCK_OFFSET_BYTES = 1024;
export const SUPERBLOCK_BYTES = 1024;
const MAGIC = 0xef53;
const CHECKSUM_OFFSET = 0x3fc;
/** 512 TiB in usual groups; more would take hours and is a sign of nonsense. */
const GROUPS_MAX = 4 * 1024 * 1024;
const GROUP_BLOCKS_MIN = 256;

/** The numbers of an ext superblock that say where things lie. Addresses and counts are in blocks. */
export type ExtSuperblock = Readonly<{
  features: ExtFeatures;
  blockBytes: number;
  /** Blocks per cluster: 1 except with bigalloc. One bitmap bit stands for one cluster. */
  clusterBlocks: number;
  blockCount: number;
  firstDataBlock: number;
  blocksPerGroup: number;
  clustersPerGroup: number;
  inodesPerGroup: number;
  inodeBytes: number;
  groupCount: number;
  descriptorBytes: number;
  reservedGdtBlocks: number;
  firstMetaBg: number;
  backupGroups: readonly [number, number];
  groupsPerFlex: number;
  uuidBytes: Uint8Array;
  checksumSeed: number;
  state: number;
  externalJournal: boolean;
}>;

/** True when the 1024 bytes carry the ext magic. */
export function hasExtMagic(raw: Uint8Array): boolean {
  return raw.length >= SUPERBLOCK_BYTES && new DataView(raw.buffer, raw.byteOffset).getUint16(0x38, true) === MAGIC;
}

/** Type, label and UUID from a superblock with the magic, whether or not the rest makes sense. */
export function readExtIdentity(raw: Uint8Array): FilesystemIdentity {
  const label = Buffer.from(raw.subarray(0x78, 0x88)).toString('utf8').replace(/\0.*$/s, '');
  const hex = bytesToHex(raw, 0x68, 0x78);
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  const features = readExtFeatures(raw);
  return { filesystem: features.incompat & INCOMPAT.journalDevice ? 'unknown' : extVersion(features), label: label === '' ? null : label, uuid };
}

/** The three words of feature bits. */
export function readExtFeatures(raw: Uint8Array): ExtFeatures {
  const view = new DataView(raw.buffer, raw.byteOffset);
  return { compat: view.getUint32(0x5c, true), incompat: view.getUint32(0x60, true), roCompat: view.getUint32(0x64, true) };
}

/**
 * Reads a superblock and checks every number against the others and the volume, so that what follows can neither loop long nor allocate much.
 *
 * @returns the superblock, or a few words saying what is absurd. Never throws.
 * @see docs.kernel.org/filesystems/ext4, "Super Block"; the checks follow `ext4_fill_super` in linux/fs/ext4/super.c.
 */
export function parseExtSuperblock(raw: Uint8Array, volumeBytes: number): ExtSuperblock | string {
  const view = new DataView(raw.buffer, raw.byteOffset);
  const u32 = (offset: number): number => view.getUint32(offset, true);
  const features = readExtFeatures(raw);
  if (features.roCompat & RO_COMPAT.metadataChecksum && crc32c(0xffff_ffff, raw.subarray(0, CHECKSUM_OFFSET)) !== u32(CHECKSUM_OFFSET)) return 'superblock checksum wrong';
  const bigalloc = (features.roCompat & RO_COMPAT.bigalloc) !== 0;
  const is64Bit = (features.incompat & INCOMPAT.is64Bit) !== 0;
  const [logBlock, logCluster] = [u32(0x18), u32(0x1c)];
  if (logBlock > 6) return 'absurd block size';
  if (bigalloc && (logCluster < logBlock || logCluster > 19)) return 'absurd cluster size';
  const blockBytes = 1024 * 2 ** logBlock;
  const clusterBlocks = bigalloc ? 2 ** (logCluster - logBlock) : 1;
  const blockCount = u32(4) + (is64Bit ? u32(0x150) * 2 ** 32 : 0);
  const [firstDataBlock, blocksPerGroup] = [u32(0x14), u32(0x20)];
  const uuidBytes = raw.slice(0x68, 0x78);
  const superblock: ExtSuperblock = {
    features, blockBytes, clusterBlocks, blockCount, firstDataBlock, blocksPerGroup, uuidBytes,
    clustersPerGroup: bigalloc ? u32(0x24) : blocksPerGroup,
    inodesPerGroup: u32(0x28),
    inodeBytes: u32(0x4c) === 0 ? 128 : view.getUint16(0x58, true),
    groupCount: Math.ceil((blockCount - firstDataBlock) / Math.max(1, blocksPerGroup)),
    descriptorBytes: is64Bit ? view.getUint16(0xfe, true) : 32,
    reservedGdtBlocks: view.getUint16(0xce, true),
    firstMetaBg: u32(0x104),
    backupGroups: [u32(0x24c), u32(0x250)],
    groupsPerFlex: features.incompat & INCOMPAT.flexBg ? 2 ** Math.min(31, raw[0x174] ?? 0) : 1,
    checksumSeed: features.incompat & INCOMPAT.checksumSeed ? u32(0x270) : crc32c(0xffff_ffff, uuidBytes),
    state: view.getUint16(0x3a, true),
    externalJournal: (features.compat & COMPAT.hasJournal) !== 0 && u32(0xe0) === 0 && u32(0xe4) !== 0,
  };
  return absurdityOf(superblock, { inodeCount: u32(0), volumeBytes }) ?? superblock;
}

function absurdityOf(sb: ExtSuperblock, facts: { inodeCount: number; volumeBytes: number }): string | null {
  const bitsPerBlock = sb.blockBytes * 8;
  const oneKiBlocks = sb.blockBytes === 1024;
  if (sb.firstDataBlock !== (oneKiBlocks && sb.clusterBlocks === 1 ? 1 : 0)) return 'absurd first data block';
  if (sb.blockCount <= sb.firstDataBlock) return 'no blocks';
  if (!Number.isSafeInteger(sb.blockCount * sb.blockBytes) || sb.blockCount * sb.blockBytes > facts.volumeBytes) return 'filesystem larger than its volume';
  if (sb.blocksPerGroup < GROUP_BLOCKS_MIN || sb.clustersPerGroup < 8 || sb.clustersPerGroup > bitsPerBlock) return 'absurd group size';
  if (sb.blocksPerGroup !== sb.clustersPerGroup * sb.clusterBlocks) return 'group and cluster sizes contradict each other';
  if (sb.inodesPerGroup < 1 || sb.inodesPerGroup > bitsPerBlock) return 'absurd number of inodes';
  if (sb.inodeBytes < 128 || sb.inodeBytes > sb.blockBytes || !isPowerOfTwo(sb.inodeBytes)) return 'absurd inode size';
  if (sb.descriptorBytes < (sb.features.incompat & INCOMPAT.is64Bit ? 64 : 32) || sb.descriptorBytes > 1024 || !isPowerOfTwo(sb.descriptorBytes)) return 'absurd descriptor size';
  if (sb.groupCount > GROUPS_MAX) return 'absurd number of groups';
  if (sb.groupCount * sb.inodesPerGroup !== facts.inodeCount) return 'inode and group counts contradict each other';
  const descriptorBlocks = Math.ceil(sb.groupCount / (sb.blockBytes / sb.descriptorBytes));
  if (sb.features.incompat & INCOMPAT.metaBg ? sb.firstMetaBg > descriptorBlocks : descriptorBlocks + 2 > sb.blocksPerGroup) return 'group descriptors do not fit';
  if (sb.reservedGdtBlocks > sb.blockBytes / 4) return 'absurd number of reserved descriptor blocks';
  return null;
}

const isPowerOfTwo = (value: number): boolean => value > 0 && Number.isInteger(Math.log2(value));
