import type { BlockReader } from '@lifeboat/block-device';
import { type Extent, endOf, intersectExtents, mergeExtents } from '@lifeboat/model';
import type { FileExtent, MappedFile } from './mapped-file.js';
import { fileExtents } from './open-filesystem.js';

const PLACES_MAX = 100_000;

/** A part of a file that lies in a wanted range. `fileOffsetBytes` is null when the bytes hold the file's map or attributes instead of its contents. */
export type FilePlace = Readonly<{ path: string; fileOffsetBytes: number | null; extent: Extent }>;

/**
 * Which files own the bytes of some ranges of a volume, e.g. of those that went bad. Reads the whole file tree once.
 *
 * @param extents relative to the volume, in any order.
 * @returns at most 100,000 places, by offset on the volume; bytes without one are free, hold structures of the filesystem, or cannot be assigned.
 *   Nothing when the filesystem has no reader of files.
 * @throws what `volume.readFully` throws, except UNREADABLE_SECTORS.
 */
export async function pathsOfRanges(volume: BlockReader, extents: readonly Extent[]): Promise<FilePlace[]> {
  const wanted = mergeExtents(extents);
  const places: FilePlace[] = [];
  if (wanted.length === 0) return places;
  for await (const file of fileExtents(volume)) {
    for (const place of placesIn(file, wanted)) {
      places.push(place);
      if (places.length >= PLACES_MAX) return sorted(places);
    }
  }
  return sorted(places);
}

function* placesIn(file: MappedFile, wanted: readonly Extent[]): Generator<FilePlace> {
  for (const own of file.extents) {
    for (const extent of overlapping(own, wanted)) yield { path: file.path, fileOffsetBytes: offsetIn(own, extent), extent };
  }
  for (const own of file.metadata) {
    for (const extent of overlapping(own, wanted)) yield { path: file.path, fileOffsetBytes: null, extent };
  }
}

const offsetIn = (own: FileExtent, extent: Extent): number => own.fileOffsetBytes + extent.offsetBytes - own.offsetBytes;

const sorted = (places: FilePlace[]): FilePlace[] => places.sort((a, b) => a.extent.offsetBytes - b.extent.offsetBytes);

/** The parts of `own` in the sorted list `wanted`, found by halving: there may be millions of files and thousands of ranges. */
function overlapping(own: Extent, wanted: readonly Extent[]): Extent[] {
  let low = 0;
  let high = wanted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const candidate = wanted[middle];
    if (candidate && endOf(candidate) <= own.offsetBytes) low = middle + 1;
    else high = middle;
  }
  const touching: Extent[] = [];
  for (let at = low, next = wanted[at]; next && next.offsetBytes < endOf(own); at += 1, next = wanted[at]) touching.push(next);
  return touching.length === 0 ? [] : intersectExtents([{ offsetBytes: own.offsetBytes, lengthBytes: own.lengthBytes }], touching);
}
