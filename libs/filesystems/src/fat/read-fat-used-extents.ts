import type { BlockReader } from '@lifeboat/block-device';
import { type Warning, clipExtents, mergeExtents } from '@lifeboat/model';
import { Doubts } from '../allocation/doubts.js';
import { UsedRuns } from '../allocation/used-runs.js';
import { readOrNull } from '../bytes/read-or-null.js';
import { wholeVolume } from '../opaque/whole-volume.js';
import type { FilesystemIdentity, UncleanReason, UsedExtents } from '../used-extents.js';
import { type FatGeometry, parseFatBoot } from './fat-geometry.js';

/** A multiple of three bytes, so that no FAT12 entry is cut in two, and of four. */
const CHUNK_BYTES = 3 * 256 * 1024;
const FIRST_CLUSTER = 2;

/**
 * Lists the bytes a FAT12, FAT16 or FAT32 volume uses, from its tables: a cluster is free when every table says so. Clusters marked as bad hold nothing.
 *
 * @param volume opened read-only and at rest.
 * @param boot its first 512 bytes.
 * @throws only what `volume.readFully` throws, except UNREADABLE_SECTORS.
 * @see Microsoft, "FAT: General Overview of On-Disk Format", "FAT Data Structure". Cost: reads all tables.
 */
export async function readFatUsedExtents(volume: BlockReader, boot: Buffer, identity: FilesystemIdentity): Promise<UsedExtents> {
  const whole = (code: string, message: string): UsedExtents => wholeVolume(volume, identity, { warnings: [{ code, message: `${message}: every non-zero block is kept` }] });
  const geometry = parseFatBoot(boot, volume.sizeBytes);
  if (typeof geometry === 'string') return whole('FS_SUPERBLOCK_DAMAGED', `the boot sector makes no sense (${geometry})`);
  const head = await readOrNull(volume, geometry.tableOffsetBytes + (geometry.activeTable ?? 0) * geometry.tableBytes, 8);
  // The first entry repeats the media byte: a table that was erased does not.
  if (head === null || (head[0] !== geometry.media && head[0] !== 0xf8 && head[0] !== 0xf0)) return whole('FS_MAP_DAMAGED', 'the allocation table is damaged');
  const { runs, doubts } = await readTables(volume, geometry);
  const uncleanReason = fatUncleanReason(geometry, head);
  const dataEnd = geometry.dataOffsetBytes + geometry.clusterCount * geometry.clusterBytes;
  const clusters = runs.toExtents(geometry.clusterBytes).map(({ offsetBytes, lengthBytes }) => ({ offsetBytes: offsetBytes + geometry.dataOffsetBytes, lengthBytes }));
  const used = [{ offsetBytes: 0, lengthBytes: geometry.dataOffsetBytes }, ...clusters, ...doubts.extents(), { offsetBytes: dataEnd, lengthBytes: volume.sizeBytes - dataEnd }];
  return {
    ...identity,
    blockSizeBytes: geometry.sectorBytes,
    used: clipExtents(mergeExtents(used), volume.sizeBytes),
    clean: uncleanReason === null,
    uncleanReason,
    overReportedBytes: doubts.totalBytes() + runs.bridgedBlocks * geometry.clusterBytes,
    warnings: [...doubts.warnings(), ...coarsened(runs)],
    mode: 'bitmap',
  };
}

async function readTables(volume: BlockReader, geometry: FatGeometry): Promise<{ runs: UsedRuns; doubts: Doubts }> {
  const { entryBits, clusterCount, tableOffsetBytes, tableBytes, activeTable } = geometry;
  const tables = activeTable === null ? Array.from({ length: geometry.tableCount }, (_, table) => table) : [activeTable];
  const runs = new UsedRuns();
  const doubts = new Doubts('part of the table');
  const entriesPerChunk = (CHUNK_BYTES * 8) / entryBits;
  const entryCount = clusterCount + FIRST_CLUSTER;
  for (let first = 0; first < entryCount; first += entriesPerChunk) {
    const count = Math.min(entriesPerChunk, entryCount - first);
    const offset = (first * entryBits) / 8;
    const length = Math.ceil((count * entryBits) / 8);
    const used = new Uint8Array(count);
    let readable = 0;
    for (const table of tables) {
      const bytes = await readOrNull(volume, tableOffsetBytes + table * tableBytes + offset, length);
      if (bytes === null) continue;
      readable += 1;
      markUsed(bytes, entryBits, used);
    }
    if (readable === 0) doubts.add(first / entriesPerChunk, 'unreadable sectors', clusterExtent(geometry, first, count));
    for (let at = Math.max(0, FIRST_CLUSTER - first); at < count; at += 1) if (used[at] === 1) runs.add(first + at - FIRST_CLUSTER, 1);
  }
  return { runs, doubts };
}

/** Sets `used[i]` where entry i of the piece of a table is neither free nor bad. */
function markUsed(bytes: Buffer, entryBits: FatGeometry['entryBits'], used: Uint8Array): void {
  for (let at = 0; at < used.length; at += 1) {
    if (entryBits === 32) {
      // The highest four bits belong to nobody.
      const entry = bytes.readUInt32LE(at * 4) & 0x0fff_ffff;
      if (entry !== 0 && entry !== 0x0fff_fff7) used[at] = 1;
    } else if (entryBits === 16) {
      const entry = bytes.readUInt16LE(at * 2);
      if (entry !== 0 && entry !== 0xfff7) used[at] = 1;
    } else {
      const byte = at + (at >> 1);
      const pair = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8);
      const entry = (at % 2 === 0 ? pair : pair >> 4) & 0xfff;
      if (entry !== 0 && entry !== 0xff7) used[at] = 1;
    }
  }
}

function clusterExtent(geometry: FatGeometry, firstEntry: number, count: number): { offsetBytes: number; lengthBytes: number } {
  const first = Math.max(0, firstEntry - FIRST_CLUSTER);
  const end = Math.min(geometry.clusterCount, firstEntry + count - FIRST_CLUSTER);
  return { offsetBytes: geometry.dataOffsetBytes + first * geometry.clusterBytes, lengthBytes: (end - first) * geometry.clusterBytes };
}

/** The second entry of a table holds flags that are cleared while the volume is in use; FAT12 has none. */
function fatUncleanReason(geometry: FatGeometry, head: Buffer): UncleanReason | null {
  const inUse: UncleanReason = { code: 'FS_NOT_CLEANLY_UNMOUNTED', message: 'the volume is in use, or was when the computer stopped; it needs fsck.fat or chkdsk' };
  const failed: UncleanReason = { code: 'FS_HAS_ERRORS', message: 'errors were met when the volume was last used; it needs fsck.fat or chkdsk' };
  if (geometry.dirtyByBoot) return inUse;
  if (geometry.entryBits === 12) return null;
  const flags = geometry.entryBits === 32 ? head.readUInt32LE(4) >>> 26 : head.readUInt16LE(2) >>> 14;
  if ((flags & 0x2) === 0) return inUse;
  return (flags & 0x1) === 0 ? failed : null;
}

const coarsened = (runs: UsedRuns): Warning[] => (runs.bridgedBlocks > 0 ? [{ code: 'FS_MAP_COARSENED', message: 'the free space is so scattered that short gaps are kept as if they were used' }] : []);
