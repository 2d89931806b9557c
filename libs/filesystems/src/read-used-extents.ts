import type { Warning } from '@lifeboat/model';
import { type BlockReader, UnreadableSectors } from '@lifeboat/block-device';
import { BTRFS_SUPERBLOCK_BYTES, BTRFS_SUPERBLOCK_OFFSET } from './btrfs/btrfs-superblock.js';
import { readBtrfsUsedExtents } from './btrfs/read-btrfs-used-extents.js';
import { SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET_BYTES, hasExtMagic } from './ext/ext-superblock.js';
import { readExtUsedExtents } from './ext/read-ext-used-extents.js';
import { readExfatUsedExtents } from './exfat/read-exfat-used-extents.js';
import { readFatUsedExtents } from './fat/read-fat-used-extents.js';
import { readLvmUsedExtents } from './lvm/read-lvm-used-extents.js';
import { readNtfsUsedExtents } from './ntfs/read-ntfs-used-extents.js';
import { wholeVolume } from './opaque/whole-volume.js';
import { PROBE_BYTES, findSignatures } from './probe/find-signatures.js';
import { findSwapSignature, swapUsedExtents } from './swap/read-swap-used-extents.js';
import { readXfsUsedExtents } from './xfs/read-xfs-used-extents.js';
import type { FilesystemIdentity, ReadOptions, UsedExtents } from './used-extents.js';

const DEPTH_MAX = 2;
const ENCRYPTED: Warning = { code: 'VOLUME_ENCRYPTED', message: 'the volume is encrypted: what is free cannot be told, and it does not compress; every non-zero block is kept' };
const UNKNOWN: FilesystemIdentity = { filesystem: 'unknown', label: null, uuid: null };

/**
 * Tells what a volume holds and which of its bytes have to be kept. ext2/3/4, XFS, btrfs, NTFS, FAT, exFAT, LVM and swap have readers;
 * anything else, and anything doubtful, is kept whole.
 *
 * @param volume a partition, or a disk without a partition table.
 * @returns see {@link UsedExtents}. An unclean filesystem is reported, not refused: that is the caller's decision.
 * @throws what `volume.readFully` throws, except UNREADABLE_SECTORS. Bad bytes never throw.
 */
export function readUsedExtents(volume: BlockReader, options: ReadOptions = {}): Promise<UsedExtents> {
  return readVolume(volume, options);
}

/** `depth` counts the layers of logical volumes around it. */
type LayeredOptions = ReadOptions & Readonly<{ depth?: number }>;

async function readVolume(volume: BlockReader, options: LayeredOptions): Promise<UsedExtents> {
  const area = new Uint8Array(PROBE_BYTES);
  const intact = await readArea(volume, area);
  const found = findSignatures(area);
  const identity = found[0] ?? UNKNOWN;
  if (!intact) return wholeVolume(volume, identity, { warnings: [{ code: 'FS_SIGNATURE_UNREADABLE', message: 'the start of the volume has unreadable sectors: every non-zero block is kept' }] });
  if (found.length > 1) {
    const names = found.map((one) => one.filesystem).join(', ');
    return wholeVolume(volume, identity, { warnings: [{ code: 'FS_SIGNATURES_CONFLICT', message: `the volume carries several signatures (${names}): every non-zero block is kept` }] });
  }
  const swap = findSwapSignature(area);
  if (swap) return swapUsedExtents(volume, area, swap);
  return readFilesystem(volume, area, { ...options, identity });
}

/** By the reader of the one filesystem found, if there is one. */
async function readFilesystem(volume: BlockReader, area: Uint8Array, options: LayeredOptions & { identity: FilesystemIdentity }): Promise<UsedExtents> {
  const { identity } = options;
  const bytes = Buffer.from(area.buffer, area.byteOffset, area.byteLength);
  const superblock = area.subarray(SUPERBLOCK_OFFSET_BYTES, SUPERBLOCK_OFFSET_BYTES + SUPERBLOCK_BYTES);
  if (hasExtMagic(superblock)) return readExtUsedExtents(volume, superblock);
  switch (identity.filesystem) {
    case 'ntfs':
      return readNtfsUsedExtents(volume, bytes.subarray(0, 512), options);
    case 'fat12':
    case 'fat16':
    case 'fat32':
      return readFatUsedExtents(volume, bytes.subarray(0, 512), identity);
    case 'exfat':
      return readExfatUsedExtents(volume, bytes.subarray(0, 512), identity);
    case 'xfs':
      return readXfsUsedExtents(volume, bytes.subarray(0, 4096), identity);
    case 'btrfs':
      return readBtrfsUsedExtents(volume, bytes.subarray(BTRFS_SUPERBLOCK_OFFSET, BTRFS_SUPERBLOCK_OFFSET + BTRFS_SUPERBLOCK_BYTES), identity);
    case 'lvm2':
      // A physical volume inside a logical one inside a physical one is nobody's doing.
      return (options.depth ?? 0) < DEPTH_MAX ? readLvmUsedExtents(volume, identity, (inner) => readVolume(inner, { ...options, depth: (options.depth ?? 0) + 1 })) : wholeVolume(volume, identity);
    case 'luks':
    case 'bitlocker':
      return wholeVolume(volume, identity, { warnings: [ENCRYPTED] });
    default:
      return wholeVolume(volume, identity);
  }
}

/** Fills `area` from the start of the volume, zeros beyond its end; false when some sectors were unreadable. */
async function readArea(volume: BlockReader, area: Uint8Array): Promise<boolean> {
  try {
    await volume.readFully(area.subarray(0, Math.min(area.length, volume.sizeBytes)), 0);
    return true;
  } catch (error) {
    if (error instanceof UnreadableSectors) return false;
    throw error;
  }
}
