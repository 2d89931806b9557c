/** The system's name of an error, e.g. `ENOENT`, of whatever was thrown. Not by class: an error may come from another realm. */
export function errnoOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
