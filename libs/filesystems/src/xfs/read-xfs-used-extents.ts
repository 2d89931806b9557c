import type { BlockReader } from '@lifeboat/block-device';
import { type Warning, clipExtents, mergeExtents } from '@lifeboat/model';
import { Doubts } from '../allocation/doubts.js';
import { UsedRuns } from '../allocation/used-runs.js';
import { wholeVolume } from '../opaque/whole-volume.js';
import type { FilesystemIdentity, UncleanReason, UsedExtents } from '../used-extents.js';
import { forEachFreeRun } from './free-space.js';
import { xfsLogIsClean } from './xfs-log.js';
import { type XfsSuperblock, parseXfsSuperblock } from './xfs-superblock.js';

/**
 * Lists the bytes an XFS volume uses: all but what the free-space btrees of its allocation groups name. Blocks set aside for those btrees are listed
 * as used. A group that contradicts itself (checksums, counts, addresses, unreadable blocks) is kept whole, with a warning.
 *
 * @param volume opened read-only and at rest; while mounted, and with a log that was not replayed, the btrees are older than the data.
 * @param raw the first 4096 bytes of the volume.
 * @throws only what `volume.readFully` throws, except UNREADABLE_SECTORS.
 * @see kernel.org, "XFS Algorithms & Data Structures". Cost: reads the btree by block number of every group.
 */
export async function readXfsUsedExtents(volume: BlockReader, raw: Buffer, identity: FilesystemIdentity): Promise<UsedExtents> {
  const whole = (code: string, message: string, uncleanReason: UncleanReason | null = null): UsedExtents =>
    wholeVolume(volume, identity, { uncleanReason, warnings: [{ code, message: `${message}: every non-zero block is kept` }] });
  const sb = parseXfsSuperblock(raw, volume.sizeBytes);
  if ('problem' in sb) return whole(sb.code, `the superblock cannot be used (${sb.problem})`);
  const uncleanReason = await xfsUncleanReason(volume, sb);
  if (sb.realtimeBlocks > 0n) return whole('FS_REALTIME_DEVICE', 'file contents lie on a second, realtime device; back up both together', uncleanReason);
  const { runs, doubts } = await readGroups(volume, sb);
  const filesystemBytes = sb.blockCount * sb.blockBytes;
  const tail = { offsetBytes: filesystemBytes, lengthBytes: volume.sizeBytes - filesystemBytes };
  return {
    ...identity,
    blockSizeBytes: sb.blockBytes,
    used: clipExtents(mergeExtents([...runs.toExtents(sb.blockBytes), ...doubts.extents(), tail]), volume.sizeBytes),
    clean: uncleanReason === null,
    uncleanReason,
    overReportedBytes: doubts.totalBytes() + runs.bridgedBlocks * sb.blockBytes,
    warnings: [...doubts.warnings(), ...noteworthy(sb, runs)],
    mode: 'bitmap',
  };
}

async function readGroups(volume: BlockReader, sb: XfsSuperblock): Promise<{ runs: UsedRuns; doubts: Doubts }> {
  const runs = new UsedRuns();
  const doubts = new Doubts('allocation group');
  for (let group = 0; group < sb.groupCount; group += 1) {
    const base = group * sb.groupBlocks;
    const blocks = Math.min(sb.groupBlocks, sb.blockCount - base);
    let end = 0;
    const problem = await forEachFreeRun({ volume, sb, group }, (first, count) => {
      runs.add(base + end, first - end);
      end = first + count;
    });
    // What was added before the damage showed lies inside the group, which is listed whole.
    if (problem !== null) doubts.add(group, problem, { offsetBytes: base * sb.blockBytes, lengthBytes: blocks * sb.blockBytes });
    else if (end < blocks) runs.add(base + end, blocks - end);
  }
  return { runs, doubts };
}

async function xfsUncleanReason(volume: BlockReader, sb: XfsSuperblock): Promise<UncleanReason | null> {
  if (sb.needsRepair) return { code: 'FS_HAS_ERRORS', message: 'the filesystem is marked as damaged; it needs xfs_repair' };
  if (sb.logStart === 0n) return null;
  if (await xfsLogIsClean(volume, sb)) return null;
  return { code: 'FS_NEEDS_RECOVERY', message: 'the log must be replayed first: the filesystem is mounted, or was when the computer stopped' };
}

function noteworthy(sb: XfsSuperblock, runs: UsedRuns): Warning[] {
  const warnings: Warning[] = [];
  if (sb.logStart === 0n) warnings.push({ code: 'FS_EXTERNAL_JOURNAL', message: 'the log lies on another device; back up both together' });
  if (runs.bridgedBlocks > 0) warnings.push({ code: 'FS_MAP_COARSENED', message: 'the free space is so scattered that short gaps are kept as if they were used' });
  return warnings;
}
