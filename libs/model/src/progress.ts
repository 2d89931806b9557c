import { z } from 'zod';

const byteCount = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/**
 * The counters that every backup shows under these names.
 * `source` the disks' size · `used` what has to be kept of it · `read` from disk · `changed` since the base point ·
 * `sent` over the wire after compression · `stored` new in the store after deduplication.
 */
export const ByteCounters = z.strictObject({
  source: byteCount, used: byteCount, read: byteCount, changed: byteCount, sent: byteCount, stored: byteCount,
});
export type ByteCounters = z.infer<typeof ByteCounters>;

export const noBytes: ByteCounters = { source: 0, used: 0, read: 0, changed: 0, sent: 0, stored: 0 };

/** The stages of a backup, in order. */
export const BackupPhase = z.enum(['prepare', 'scan', 'send', 'commit']);
export type BackupPhase = z.infer<typeof BackupPhase>;

/** One report of a running backup; `doneBytes` of `totalBytes` is what the progress bar shows. */
export const BackupProgress = z.strictObject({
  phase: BackupPhase, bytes: ByteCounters, doneBytes: byteCount, totalBytes: byteCount,
});
export type BackupProgress = z.infer<typeof BackupProgress>;
