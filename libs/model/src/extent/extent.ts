/** A half-open byte range [offsetBytes, offsetBytes + lengthBytes). Both are safe non-negative integers, the length positive. */
export type Extent = Readonly<{ offsetBytes: number; lengthBytes: number }>;

/** The first byte after `extent`. */
export const endOf = (extent: Extent): number => extent.offsetBytes + extent.lengthBytes;

/** Sum of the lengths; `extents` must not overlap. */
export function totalBytes(extents: readonly Extent[]): number {
  let total = 0;
  for (const extent of extents) total += extent.lengthBytes;
  return total;
}

/** Sorted, merged, non-empty extents covering exactly the bytes of `extents`, which may come in any order and overlap. */
export function mergeExtents(extents: readonly Extent[]): Extent[] {
  const sorted = extents.filter((extent) => extent.lengthBytes > 0).sort((a, b) => a.offsetBytes - b.offsetBytes);
  const merged: { offsetBytes: number; lengthBytes: number }[] = [];
  for (const extent of sorted) {
    const last = merged.at(-1);
    if (last && extent.offsetBytes <= endOf(last)) last.lengthBytes = Math.max(endOf(last), endOf(extent)) - last.offsetBytes;
    else merged.push({ ...extent });
  }
  return merged;
}

/** The parts of [0, lengthBytes) that `extents` (sorted, merged) do not cover. */
export function invertExtents(extents: readonly Extent[], lengthBytes: number): Extent[] {
  const gaps: Extent[] = [];
  let at = 0;
  for (const extent of extents) {
    if (extent.offsetBytes > at) gaps.push({ offsetBytes: at, lengthBytes: Math.min(extent.offsetBytes, lengthBytes) - at });
    at = Math.max(at, endOf(extent));
    if (at >= lengthBytes) return gaps;
  }
  if (at < lengthBytes) gaps.push({ offsetBytes: at, lengthBytes: lengthBytes - at });
  return gaps;
}

/** The bytes that lie in both lists; both sorted and merged. */
export function intersectExtents(left: readonly Extent[], right: readonly Extent[]): Extent[] {
  const common: Extent[] = [];
  let i = 0;
  let j = 0;
  for (let a = left[i], b = right[j]; a && b; a = left[i], b = right[j]) {
    const start = Math.max(a.offsetBytes, b.offsetBytes);
    const end = Math.min(endOf(a), endOf(b));
    if (start < end) common.push({ offsetBytes: start, lengthBytes: end - start });
    if (endOf(a) <= endOf(b)) i += 1;
    else j += 1;
  }
  return common;
}

/** `extents` cut to [0, lengthBytes). */
export function clipExtents(extents: readonly Extent[], lengthBytes: number): Extent[] {
  return intersectExtents(extents, lengthBytes > 0 ? [{ offsetBytes: 0, lengthBytes }] : []);
}
