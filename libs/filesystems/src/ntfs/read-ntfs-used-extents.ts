import type { BlockReader } from '@lifeboat/block-device';
import { type Extent, type Warning, clipExtents, intersectExtents, invertExtents, mergeExtents, totalBytes } from '@lifeboat/model';
import { forEachSetRun } from '../allocation/bit-runs.js';
import { covers } from '../allocation/covers.js';
import { Doubts } from '../allocation/doubts.js';
import { UsedRuns } from '../allocation/used-runs.js';
import { readOrNull } from '../bytes/read-or-null.js';
import { wholeVolume } from '../opaque/whole-volume.js';
import type { FilesystemIdentity, ReadOptions, UncleanReason, UsedExtents } from '../used-extents.js';
import { type AttributeRuns, Mft } from './mft.js';
import { ATTRIBUTE } from './mft-record.js';
import { ntfsLabel, ntfsUncleanReason } from './ntfs-cleanliness.js';
import { type NtfsGeometry, parseNtfsBoot } from './ntfs-geometry.js';
import { type PageFiles, extentsOf, findPageFiles } from './page-files.js';

const BITMAP_RECORD = 6;
const BITMAP_CHUNK_BYTES = 1024 * 1024;
/** The boot code fills the first 16 sectors. */
const BOOT_BYTES = 16 * 512;
const DAMAGED = 'FS_MAP_DAMAGED';
const HIBERNATED: UncleanReason = { code: 'FS_NOT_CLEANLY_UNMOUNTED', message: 'Windows is hibernated, or was shut down with fast startup; shut it down fully (shutdown /s /f /t 0) first' };

/**
 * Lists the bytes an NTFS volume uses, from $Bitmap. The copy of the boot sector behind the last cluster is always among them.
 *
 * $Bitmap has no checksum: it is trusted only when it counts the file table, its mirror and itself as used, else the volume is kept whole.
 * A volume with a hibernated Windows is kept whole as well.
 *
 * @param volume opened read-only and at rest.
 * @param boot its first 512 bytes.
 * @param identity as probed; the label is read here.
 * @throws only what `volume.readFully` throws, except UNREADABLE_SECTORS.
 * @see Linux, fs/ntfs3/ntfs.h. Cost: one bit per cluster, and the root directory.
 */
export async function readNtfsUsedExtents(volume: BlockReader, boot: Buffer, options: ReadOptions & { identity: FilesystemIdentity }): Promise<UsedExtents> {
  const whole = (code: string, message: string): UsedExtents => wholeVolume(volume, options.identity, { warnings: [{ code, message: `${message}: every non-zero block is kept` }] });
  const geometry = parseNtfsBoot(boot, volume.sizeBytes);
  if (typeof geometry === 'string') return whole('FS_SUPERBLOCK_DAMAGED', `the boot sector makes no sense (${geometry})`);
  const mft = await Mft.open(volume, geometry);
  if (mft === null) return whole(DAMAGED, 'the file table is damaged');
  const identity = { ...options.identity, label: await ntfsLabel(mft) };
  const uncleanReason = await ntfsUncleanReason(mft);
  const pageFiles = await findPageFiles(mft);
  if (pageFiles.hibernated) return wholeVolume(volume, identity, { uncleanReason: HIBERNATED, warnings: [{ code: 'FS_HIBERNATED', message: 'the volume holds a hibernated Windows and is kept whole' }] });
  const bitmapRecord = await mft.read(BITMAP_RECORD);
  const bitmap = bitmapRecord === null ? null : await mft.runsOf(bitmapRecord, ATTRIBUTE.data, '');
  const problem = bitmapProblem(bitmap, geometry);
  if (bitmap === null || problem !== null) return whole(DAMAGED, `$Bitmap makes no sense (${problem ?? ''})`);
  const { runs, doubts } = await readBitmap(volume, geometry, bitmap);
  const known = clipExtents(mergeExtents([...runs.toExtents(geometry.clusterBytes), ...doubts.extents()]), volume.sizeBytes);
  const structures = structuresOf(mft, bitmap);
  if (!covers(known, structures)) return whole(DAMAGED, '$Bitmap says that structures in use are free');
  const tail = geometry.clusterCount * geometry.clusterBytes;
  const used = clipExtents(mergeExtents([...known, { offsetBytes: 0, lengthBytes: BOOT_BYTES }, { offsetBytes: tail, lengthBytes: volume.sizeBytes - tail }]), volume.sizeBytes);
  // Only a consistent volume says reliably which clusters belong to the page files.
  const kept = options.leaveOutPageFiles === true && uncleanReason === null ? withoutPageFiles(used, { pageFiles, structures, sizeBytes: volume.sizeBytes }) : { used, leftOut: [] };
  return {
    ...identity, ...kept,
    blockSizeBytes: geometry.clusterBytes,
    clean: uncleanReason === null,
    uncleanReason,
    overReportedBytes: doubts.totalBytes() + runs.bridgedBlocks * geometry.clusterBytes,
    warnings: warningsOf(mft, doubts, runs),
    mode: 'bitmap',
  };
}

function bitmapProblem(bitmap: AttributeRuns | null, geometry: NtfsGeometry): string | null {
  if (bitmap === null) return 'it is missing';
  if (!bitmap.complete) return 'its map has gaps';
  if (bitmap.sparseOrCompressed || bitmap.runs.some((run) => run.cluster === null)) return 'it is sparse or compressed';
  const neededBytes = Math.ceil(geometry.clusterCount / 8);
  return bitmap.dataBytes < neededBytes || bitmap.initialisedBytes < neededBytes ? 'it is too short' : null;
}

async function readBitmap(volume: BlockReader, geometry: NtfsGeometry, bitmap: AttributeRuns): Promise<{ runs: UsedRuns; doubts: Doubts }> {
  const { clusterBytes, clusterCount } = geometry;
  const runs = new UsedRuns();
  const doubts = new Doubts('part of $Bitmap');
  let first = 0;
  for (const extent of extentsOf(bitmap.runs, clusterBytes)) {
    for (let done = 0; done < extent.lengthBytes && first < clusterCount; done += BITMAP_CHUNK_BYTES) {
      const lengthBytes = Math.min(BITMAP_CHUNK_BYTES, extent.lengthBytes - done);
      const bits = await readOrNull(volume, extent.offsetBytes + done, lengthBytes);
      // What follows the last cluster is padding.
      const count = Math.min(lengthBytes * 8, clusterCount - first);
      const base = first;
      if (bits === null) doubts.add(Math.floor(first / 8 / BITMAP_CHUNK_BYTES), 'unreadable sectors', { offsetBytes: first * clusterBytes, lengthBytes: count * clusterBytes });
      else forEachSetRun(bits, count, (start, length) => { runs.add(base + start, length); });
      first += count;
    }
  }
  return { runs, doubts };
}

/** Clusters that are surely in use. */
function structuresOf(mft: Mft, bitmap: AttributeRuns): Extent[] {
  const { clusterBytes, mirrorCluster } = mft.geometry;
  return [
    { offsetBytes: 0, lengthBytes: clusterBytes }, { offsetBytes: mirrorCluster * clusterBytes, lengthBytes: clusterBytes },
    ...extentsOf(mft.runs, clusterBytes), ...extentsOf(bitmap.runs, clusterBytes),
  ];
}

function withoutPageFiles(used: readonly Extent[], found: Readonly<{ pageFiles: PageFiles; structures: readonly Extent[]; sizeBytes: number }>): Pick<UsedExtents, 'used' | 'leftOut'> {
  const structures = mergeExtents(found.structures);
  // A file that claims free clusters, or those of the file table, is damaged: its blocks stay.
  const files = found.pageFiles.files.filter((file) => covers(used, file.extents) && intersectExtents(structures, file.extents).length === 0);
  const gone = mergeExtents(files.flatMap((file) => file.extents));
  if (totalBytes(gone) !== files.reduce((sum, file) => sum + file.lengthBytes, 0)) return { used, leftOut: [] };
  return { used: intersectExtents(used, invertExtents(gone, found.sizeBytes)), leftOut: files.map(({ path, lengthBytes }) => ({ path, lengthBytes })) };
}

function warningsOf(mft: Mft, doubts: Doubts, runs: UsedRuns): Warning[] {
  const warnings = doubts.warnings();
  if (mft.mirrored.size > 0) warnings.push({ code: 'NTFS_MIRROR_USED', message: `file record(s) ${[...mft.mirrored].join(', ')} are damaged and were read from the mirror` });
  if (runs.bridgedBlocks > 0) warnings.push({ code: 'FS_MAP_COARSENED', message: 'the free space is so scattered that short gaps are kept as if they were used' });
  return warnings;
}
