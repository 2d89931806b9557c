import type { BackupSession } from '@lifeboat/ingest';
import { MIB } from '@lifeboat/model';

/** A backup may need half as much again as the one before. */
const growthFactor = 1.5;
/** Before this much has arrived, a session's own compression says nothing. */
const sampleBytesMin = 64 * MIB;
/** Bytes of a full pack, by which inodes are counted. */
const packBytes = 64 * MIB;

/** What is known of a machine's backups when a session begins; null is its first. */
export type LastIncrement = Readonly<{ storedBytes: number }> | null;

/** What a session will still write, in bytes and inodes. */
export type SessionNeed = Readonly<{ bytes: number; inodes: number }>;

/**
 * Estimates what a running backup will still add to the store: the last increment and a half; for the first backup of a machine the bytes in use on its disks, compressed as well
 * as what has arrived so far. Pure.
 *
 * @param usedBytes what the agent says is in use, null until it has said so.
 */
export function needOf(counters: BackupSession['counters'], last: LastIncrement, usedBytes: number | null): SessionNeed {
  const bytes = last === null ? firstNeed(counters, usedBytes ?? 0) : Math.max(0, Math.ceil(last.storedBytes * growthFactor) - counters.storedBytes);
  return { bytes, inodes: Math.ceil(bytes / packBytes) };
}

function firstNeed({ plainBytes, refBytes, storedBytes }: BackupSession['counters'], usedBytes: number): number {
  const ratio = plainBytes >= sampleBytesMin ? storedBytes / plainBytes : 1;
  return Math.ceil(Math.max(0, usedBytes - plainBytes - refBytes) * ratio);
}
