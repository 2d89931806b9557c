import { intersectExtents, mergeExtents, type Extent } from '@lifeboat/model';

/** The part of a session's wishes that is about one volume, sorted and merged. */
export function rangesOf(volume: number, ranges: readonly Readonly<{ volume: number } & Extent>[]): Extent[] {
  const own = ranges.filter((range) => range.volume === volume).map(({ offsetBytes, lengthBytes }) => ({ offsetBytes, lengthBytes }));
  return mergeExtents(own);
}

/** Tells whether any of the sorted, merged ranges touches `range`. */
export function touchesAny(ranges: readonly Extent[], range: Extent): boolean {
  return ranges.length > 0 && intersectExtents(ranges, [range]).length > 0;
}
