import type { BlockReader } from '@lifeboat/block-device';
import { type Extent, type Warning, clipExtents, mergeExtents } from '@lifeboat/model';
import { forEachSetRun } from '../allocation/bit-runs.js';
import { Doubts } from '../allocation/doubts.js';
import { UsedRuns } from '../allocation/used-runs.js';
import { covers } from '../allocation/covers.js';
import { readOrNull } from '../bytes/read-or-null.js';
import { wholeVolume } from '../opaque/whole-volume.js';
import type { FilesystemIdentity, UncleanReason, UsedExtents } from '../used-extents.js';
import { ExfatChains } from './exfat-chains.js';
import { type ExfatGeometry, readExfatGeometry } from './exfat-geometry.js';
import { findRootEntries } from './root-entries.js';

const CHUNK_BYTES = 1024 * 1024;
const VOLUME_DIRTY = 0x2;
const MEDIA_FAILURE = 0x4;

/**
 * Lists the bytes an exFAT volume uses, from its allocation bitmap. The bitmap has no checksum: it is believed only when it counts itself and the
 * root directory as used.
 *
 * @param volume opened read-only and at rest.
 * @param boot its first 512 bytes.
 * @throws only what `volume.readFully` throws, except UNREADABLE_SECTORS.
 * @see Microsoft, "exFAT file system specification", section 7.1. Cost: one bit per cluster.
 */
export async function readExfatUsedExtents(volume: BlockReader, boot: Buffer, probed: FilesystemIdentity): Promise<UsedExtents> {
  const whole = (code: string, message: string): UsedExtents => wholeVolume(volume, probed, { warnings: [{ code, message: `${message}: every non-zero block is kept` }] });
  const geometry = await readExfatGeometry(volume, boot);
  if (typeof geometry === 'string') return whole('FS_SUPERBLOCK_DAMAGED', `the boot region makes no sense (${geometry})`);
  const chains = new ExfatChains(volume, geometry);
  const root = await findRootEntries(volume, geometry, chains);
  const identity = { ...probed, label: root.label };
  const neededBytes = Math.ceil(geometry.clusterCount / 8);
  const bitmap = root.bitmap && root.bitmap.lengthBytes >= neededBytes ? await chains.follow(root.bitmap.cluster, Math.ceil(neededBytes / geometry.clusterBytes)) : null;
  if (bitmap === null) return whole('FS_MAP_DAMAGED', 'the allocation bitmap cannot be found');
  const { runs, doubts } = await readBitmap(volume, geometry, bitmap);
  const clusters = runs.toExtents(geometry.clusterBytes).map(({ offsetBytes, lengthBytes }) => ({ offsetBytes: offsetBytes + geometry.heapOffsetBytes, lengthBytes }));
  const known = mergeExtents([...clusters, ...doubts.extents()]);
  if (!covers(known, [...bitmap, ...root.clusters])) return whole('FS_MAP_DAMAGED', 'the allocation bitmap says that structures in use are free');
  const heapEnd = geometry.heapOffsetBytes + geometry.clusterCount * geometry.clusterBytes;
  const used = [{ offsetBytes: 0, lengthBytes: geometry.heapOffsetBytes }, ...known, { offsetBytes: heapEnd, lengthBytes: volume.sizeBytes - heapEnd }];
  const uncleanReason = exfatUncleanReason(geometry);
  return {
    ...identity,
    blockSizeBytes: geometry.clusterBytes,
    used: clipExtents(mergeExtents(used), volume.sizeBytes),
    clean: uncleanReason === null,
    uncleanReason,
    overReportedBytes: doubts.totalBytes() + runs.bridgedBlocks * geometry.clusterBytes,
    warnings: [...doubts.warnings(), ...coarsened(runs)],
    mode: 'bitmap',
  };
}

async function readBitmap(volume: BlockReader, geometry: ExfatGeometry, bitmap: readonly Extent[]): Promise<{ runs: UsedRuns; doubts: Doubts }> {
  const { clusterBytes, clusterCount, heapOffsetBytes } = geometry;
  const runs = new UsedRuns();
  const doubts = new Doubts('part of the bitmap');
  let first = 0;
  for (const extent of bitmap) {
    for (let done = 0; done < extent.lengthBytes && first < clusterCount; done += CHUNK_BYTES) {
      const lengthBytes = Math.min(CHUNK_BYTES, extent.lengthBytes - done);
      const bits = await readOrNull(volume, extent.offsetBytes + done, lengthBytes);
      const count = Math.min(lengthBytes * 8, clusterCount - first);
      const base = first;
      if (bits === null) doubts.add(first, 'unreadable sectors', { offsetBytes: heapOffsetBytes + first * clusterBytes, lengthBytes: count * clusterBytes });
      else forEachSetRun(bits, count, (start, length) => { runs.add(base + start, length); });
      first += count;
    }
  }
  return { runs, doubts };
}

function exfatUncleanReason(geometry: ExfatGeometry): UncleanReason | null {
  if (geometry.volumeFlags & VOLUME_DIRTY) return { code: 'FS_NOT_CLEANLY_UNMOUNTED', message: 'the volume is in use, or was when the computer stopped; it needs fsck.exfat or chkdsk' };
  if (geometry.volumeFlags & MEDIA_FAILURE) return { code: 'FS_HAS_ERRORS', message: 'errors were met when the volume was last used; it needs fsck.exfat or chkdsk' };
  return null;
}

const coarsened = (runs: UsedRuns): Warning[] => (runs.bridgedBlocks > 0 ? [{ code: 'FS_MAP_COARSENED', message: 'the free space is so scattered that short gaps are kept as if they were used' }] : []);
