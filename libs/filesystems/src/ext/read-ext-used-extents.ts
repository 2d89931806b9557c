import { type Extent, type Warning, clipExtents, mergeExtents } from '@lifeboat/model';
import type { BlockReader } from '@lifeboat/block-device';
import { wholeVolume } from '../opaque/whole-volume.js';
import type { UsedExtents } from '../used-extents.js';
import { extUncleanReason } from './ext-cleanliness.js';
import { INCOMPAT, unknownFeatures } from './ext-features.js';
import { type ExtSuperblock, parseExtSuperblock, readExtFeatures, readExtIdentity } from './ext-superblock.js';
import { ExtGroupReader } from './ext-group-reader.js';

/**
 * Lists the bytes an ext2, ext3 or ext4 volume uses, from its block bitmaps.
 *
 * A group that contradicts itself (checksums, counts, addresses, unreadable blocks) is kept whole, with a warning. A superblock that makes
 * no sense, or has features this reader does not know, makes the volume opaque: all of it is used.
 *
 * @param volume opened read-only and at rest; while mounted read-write the maps on disk are older than the data, see `uncleanReason`.
 * @param raw the 1024 bytes of the primary superblock, with the ext magic.
 * @throws only what `volume.readFully` throws, except UNREADABLE_SECTORS.
 * @see docs.kernel.org/filesystems/ext4. Cost: one block read per group whose bitmap was ever written, 32-64 bytes per group.
 */
export async function readExtUsedExtents(volume: BlockReader, raw: Uint8Array): Promise<UsedExtents> {
  const identity = readExtIdentity(raw);
  const opaque = (code: string, message: string): UsedExtents => {
    const state = new DataView(raw.buffer, raw.byteOffset).getUint16(0x3a, true);
    return wholeVolume(volume, identity, { warnings: [{ code, message }], uncleanReason: extUncleanReason({ features: readExtFeatures(raw), state }) });
  };
  const features = readExtFeatures(raw);
  if (features.incompat & INCOMPAT.journalDevice) return wholeVolume(volume, identity, { warnings: [{ code: 'FS_JOURNAL_DEVICE', message: 'this is the external journal of another filesystem; back up both together' }] });
  const unknown = unknownFeatures(features);
  if (unknown !== null) return opaque('FS_FEATURE_UNKNOWN', `the filesystem has features this version does not know (${unknown}): every non-zero block is kept`);
  const superblock = parseExtSuperblock(raw, volume.sizeBytes);
  if (typeof superblock === 'string') return opaque('FS_SUPERBLOCK_DAMAGED', `the superblock makes no sense (${superblock}): every non-zero block is kept`);
  const groups = new ExtGroupReader(volume, superblock);
  await groups.readAll();
  if (groups.foreign.overflowed) return opaque('FS_SUPERBLOCK_DAMAGED', 'the group descriptors make no sense (metadata is scattered without end): every non-zero block is kept');
  const uncleanReason = extUncleanReason(superblock);
  return {
    ...identity,
    blockSizeBytes: superblock.blockBytes,
    used: usedOf(volume, superblock, groups),
    clean: uncleanReason === null,
    uncleanReason,
    overReportedBytes: groups.doubts.totalBytes() + groups.runs.bridgedBlocks * superblock.blockBytes,
    warnings: [...groups.doubts.warnings(), ...noteworthy(superblock, groups)],
    mode: 'bitmap',
  };
}

function usedOf(volume: BlockReader, sb: ExtSuperblock, groups: ExtGroupReader): Extent[] {
  const filesystemBytes = sb.blockCount * sb.blockBytes;
  const tail = { offsetBytes: filesystemBytes, lengthBytes: volume.sizeBytes - filesystemBytes };
  const extents = groups.runs.toExtents(sb.blockBytes).concat(groups.foreign.extents(), groups.doubts.extents(), [tail]);
  return clipExtents(mergeExtents(extents), volume.sizeBytes);
}

function noteworthy(sb: ExtSuperblock, groups: ExtGroupReader): Warning[] {
  const warnings: Warning[] = [];
  if (sb.externalJournal) warnings.push({ code: 'FS_EXTERNAL_JOURNAL', message: 'the journal lies on another device; back up both together' });
  if (groups.runs.bridgedBlocks > 0) warnings.push({ code: 'FS_MAP_COARSENED', message: 'the free space is so scattered that short gaps are kept as if they were used' });
  return warnings;
}
