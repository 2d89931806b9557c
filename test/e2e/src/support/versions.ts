/** A version but for what only it holds: that is measured, and depends on other points and on how full their packs are. */
export function withoutUnique(version: unknown): unknown {
  const { bytes, ...rest } = version as { bytes: Record<string, unknown> };
  return { ...rest, bytes: { ...bytes, unique: null } };
}
