/** The `code` of a system error, such as `ENOENT`; undefined for anything else. Not by class: errors may come from another realm. */
export function errnoOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Tells whether a write failed because the disk, the quota or a file size limit is exhausted; freeing space helps. */
export function isNoSpace(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}
