import { type Extent, intersectExtents, mergeExtents, totalBytes } from '@lifeboat/model';

/** True when all bytes of `wanted` (any order) are among the sorted, merged `extents`. */
export function covers(extents: readonly Extent[], wanted: readonly Extent[]): boolean {
  const merged = mergeExtents(wanted);
  return totalBytes(intersectExtents(extents, merged)) === totalBytes(merged);
}
