import { type BlockReader, UnreadableSectors } from '@lifeboat/block-device';
import { type Extent, assertInvariant, totalBytes } from '@lifeboat/model';

/** Where bytes of a logical volume lie: each piece follows the one before it. */
export type Mapping = Readonly<{ pieces: readonly Extent[] }>;

/** The bytes [offsetBytes, + lengthBytes) of a logical volume as extents of the physical one, in order. */
export function mapThrough({ pieces }: Mapping, extent: Extent): Extent[] {
  const mapped: Extent[] = [];
  let start = 0;
  for (const piece of pieces) {
    const from = Math.max(extent.offsetBytes, start);
    const to = Math.min(extent.offsetBytes + extent.lengthBytes, start + piece.lengthBytes);
    if (from < to) mapped.push({ offsetBytes: piece.offsetBytes + from - start, lengthBytes: to - from });
    start += piece.lengthBytes;
  }
  return mapped;
}

/** A logical volume as a volume of its own. Closing it does nothing: the physical volume belongs to whoever opened it. */
export function mappedReader(volume: BlockReader, mapping: Mapping): BlockReader {
  const sizeBytes = totalBytes(mapping.pieces);
  return {
    sizeBytes,
    logicalSectorBytes: volume.logicalSectorBytes,
    async readFully(target, offsetBytes) {
      assertInvariant(offsetBytes >= 0 && offsetBytes + target.length <= sizeBytes, 'read outside the logical volume', { offsetBytes, lengthBytes: target.length, sizeBytes });
      let done = 0;
      const unreadable: Extent[] = [];
      let cause: UnreadableSectors | null = null;
      for (const piece of mapThrough(mapping, { offsetBytes, lengthBytes: target.length })) {
        try {
          await volume.readFully(target.subarray(done, done + piece.lengthBytes), piece.offsetBytes);
        } catch (error) {
          if (!(error instanceof UnreadableSectors)) throw error;
          cause = error;
          for (const bad of error.extents) unreadable.push({ offsetBytes: bad.offsetBytes - piece.offsetBytes + offsetBytes + done, lengthBytes: bad.lengthBytes });
        }
        done += piece.lengthBytes;
      }
      if (cause !== null) throw new UnreadableSectors({ path: cause.path, extents: unreadable }, cause);
    },
    async close() {
      // It owns nothing.
    },
  };
}
