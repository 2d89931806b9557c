/** Names of the error that a system call ended with, `UNKNOWN` when `error` is none. */
export function errnoOf(error: unknown): string {
  // Not by `instanceof Error`: test runners give modules an Error of their own, and the system's is another.
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') return error.code;
  return 'UNKNOWN';
}

/**
 * What Linux answers for a sector that cannot be read: EIO in general, ENODATA for a medium error, EILSEQ for failed protection data,
 * EREMOTEIO for a target error, ETIMEDOUT for a drive that gave up.
 * @see linux/block/blk-core.c, table `blk_errors`.
 */
const SECTOR_ERRNOS: ReadonlySet<string> = new Set(['EIO', 'ENODATA', 'EILSEQ', 'EREMOTEIO', 'ETIMEDOUT']);

/** True when the failure concerns the sectors read, so that their neighbours may still be readable. */
export const isSectorError = (error: unknown): boolean => SECTOR_ERRNOS.has(errnoOf(error));
