import type { Warning } from '@lifeboat/model';
import type { RestoreMode } from '../plan/restore-plan.js';

/** A run of bytes that could not be restored: place in its volume and on the disk. Zeros were written there. */
export type LostRange = Readonly<{ volumeId: string; offsetBytes: number; lengthBytes: number; diskOffsetBytes: number }>;

/** What a restore did. With `damaged` or `unreadable` ranges, or warnings, the restore finished with warnings (exit code 2). */
export type RestoreReport = Readonly<{
  diskId: string;
  targetPath: string;
  mode: RestoreMode;
  durationMs: number;
  /** `written` data from the restore point · `zeroed` where the point has zeros · `unallocated` without content in the point. */
  bytes: Readonly<{ written: number; zeroed: number; unallocated: number; damaged: number; unreadable: number }>;
  /** In the restore point, but not readable from the store any more; sorted by volume and offset, merged. */
  damaged: readonly LostRange[];
  /** Could not be read from the source disk when it was backed up. */
  unreadable: readonly LostRange[];
  warnings: readonly Warning[];
}>;

/** True when everything came back. */
export const isComplete = (report: RestoreReport): boolean => report.damaged.length === 0 && report.unreadable.length === 0 && report.warnings.length === 0;

export type RestoreProgress = Readonly<{
  phase: 'write' | 'sync' | 'verify';
  volumeId: string | null;
  /** Bytes of data and of zeros that have to be written; both only grow. */
  doneBytes: number;
  totalBytes: number;
  /** Over the last ten seconds; null until it is known. */
  rateBytesPerSecond: number | null;
  etaMs: number | null;
}>;
