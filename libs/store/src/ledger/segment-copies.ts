import { isNoSpace } from '../fs/errno.js';
import { syncDirectory } from '../fs/file-io.js';
import { assertAnyReadable, readCopy, type FileCopy } from '../fs/read-copy.js';
import type { StoreFs } from '../fs/store-fs.js';
import { writeDurably } from '../fs/write-durably.js';
import { firstSeqOf, ledgerDirectories, segmentPathOf, segmentTwinsOf } from './ledger-segment.js';
import type { MergedSegment } from './merge-segment.js';

/** A segment is begun anew at this size, so none is longer than this and one append. */
export const segmentBytesRoll = 4 * 1024 * 1024;
const segmentBytesMax = 64 * 1024 * 1024;

/** First sequence numbers of the segments that either directory has, ascending. */
export async function listSegments(fs: StoreFs): Promise<number[]> {
  const found = new Set<number>();
  for (const directory of ledgerDirectories) {
    // A store of format 1.0 has no second directory.
    if (directory !== 'ledger' && !(await fs.exists(directory))) continue;
    for (const name of await fs.readDir(directory)) {
      const seq = firstSeqOf(name);
      if (seq !== undefined) found.add(seq);
    }
  }
  return [...found].sort((a, b) => a - b);
}

/**
 * Both copies of a segment, made durable first when `sync` is set.
 * @throws the port's error when there are files but none of them can be read; SyncFailed (STORE_SYNC_FAILED).
 */
export async function readSegmentCopies(fs: StoreFs, firstSeq: number, sync: boolean): Promise<readonly [FileCopy, FileCopy]> {
  const { path, twin } = segmentTwinsOf(firstSeq);
  const copies = [await readCopy(fs, path, { bytesMax: segmentBytesMax, sync }), await readCopy(fs, twin, { bytesMax: segmentBytesMax, sync })] as const;
  assertAnyReadable(copies);
  return copies;
}

/**
 * Writes the copies of a segment that are not what both together say; what a damaged one held is kept in `quarantine/`. On a full disk the copy stays
 * missing, and the next start tries again.
 */
export async function repairSegmentCopies(fs: StoreFs, merged: MergedSegment, { firstSeq, nowMs }: Readonly<{ firstSeq: number; nowMs: number }>): Promise<void> {
  if (merged.bytes.length === 0) return;
  for (const [index, directory] of ledgerDirectories.entries()) {
    const state = merged.copies[index];
    if (state === 'whole') continue;
    const path = segmentPathOf(firstSeq, directory);
    try {
      if (state === 'damaged') await setAside(fs, path, nowMs);
      await writeDurably(fs, path, merged.bytes);
    } catch (error) {
      if (!isNoSpace(error)) throw error;
    }
  }
}

async function setAside(fs: StoreFs, path: string, nowMs: number): Promise<void> {
  await fs.rename(path, `quarantine/${path.replace('/', '-')}.${String(nowMs)}`);
  await syncDirectory(fs, 'quarantine');
  await syncDirectory(fs, path.slice(0, path.indexOf('/')));
}
