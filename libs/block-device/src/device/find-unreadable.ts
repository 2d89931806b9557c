import { type Extent, MIB, clipExtents, endOf, invertExtents, mergeExtents } from '@lifeboat/model';
import type { BlockReader } from './block-reader.js';
import { UnreadableSectors } from './device-errors.js';

/**
 * Reads `extent` and tells its readable bytes from its unreadable ones.
 *
 * @param sectorBytes unreadable parts are widened to whole sectors of this size, e.g. the physical sector.
 * @returns both lists sorted, merged, inside `extent`, relative to `reader`; together they are exactly `extent`.
 * @throws as `readFully`, except UNREADABLE_SECTORS. Cost: reads everything once, bad sectors a few times.
 */
export async function findUnreadable(reader: BlockReader, extent: Extent, sectorBytes: number): Promise<{ readable: Extent[]; unreadable: Extent[] }> {
  const bad: Extent[] = [];
  const buffer = new Uint8Array(Math.min(MIB, extent.lengthBytes));
  for (let at = extent.offsetBytes; at < endOf(extent); at += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, endOf(extent) - at));
    try {
      await reader.readFully(piece, at);
    } catch (error) {
      if (!(error instanceof UnreadableSectors)) throw error;
      bad.push(...error.extents.map((found) => widen(found, sectorBytes)));
    }
  }
  const unreadable = clipExtents(mergeExtents(bad), endOf(extent)).filter((found) => endOf(found) > extent.offsetBytes);
  const first = unreadable[0];
  if (first && first.offsetBytes < extent.offsetBytes) unreadable[0] = { offsetBytes: extent.offsetBytes, lengthBytes: endOf(first) - extent.offsetBytes };
  const before = { offsetBytes: 0, lengthBytes: extent.offsetBytes };
  return { readable: invertExtents(mergeExtents([before, ...unreadable]), endOf(extent)), unreadable };
}

function widen(extent: Extent, sectorBytes: number): Extent {
  const start = Math.floor(extent.offsetBytes / sectorBytes) * sectorBytes;
  const end = Math.ceil(endOf(extent) / sectorBytes) * sectorBytes;
  return { offsetBytes: start, lengthBytes: end - start };
}
