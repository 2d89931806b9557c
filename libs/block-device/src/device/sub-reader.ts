import { type Extent, assertInvariant, endOf } from '@lifeboat/model';
import type { BlockReader } from './block-reader.js';
import { UnreadableSectors } from './device-errors.js';

/**
 * A window of `reader`, e.g. a partition: offset 0 is the first byte of `extent`, and so are the offsets in UNREADABLE_SECTORS.
 * Closing the window does nothing; the disk belongs to whoever opened it.
 */
export function subReader(reader: BlockReader, extent: Extent): BlockReader {
  assertInvariant(endOf(extent) <= reader.sizeBytes, 'window outside the device', { ...extent, sizeBytes: reader.sizeBytes });
  return {
    sizeBytes: extent.lengthBytes,
    logicalSectorBytes: reader.logicalSectorBytes,
    async readFully(target, offsetBytes) {
      assertInvariant(offsetBytes >= 0 && offsetBytes + target.length <= extent.lengthBytes, 'read outside the window', {
        offsetBytes,
        lengthBytes: target.length,
        windowBytes: extent.lengthBytes,
      });
      try {
        await reader.readFully(target, extent.offsetBytes + offsetBytes);
      } catch (error) {
        if (!(error instanceof UnreadableSectors)) throw error;
        const extents = error.extents.map((bad) => ({ offsetBytes: bad.offsetBytes - extent.offsetBytes, lengthBytes: bad.lengthBytes }));
        throw new UnreadableSectors({ path: error.path, extents }, error);
      }
    },
    async close() {
      // The window owns nothing.
    },
  };
}
