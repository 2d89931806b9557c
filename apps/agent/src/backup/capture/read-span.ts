import { UnreadableSectors, type BlockReader } from '@lifeboat/block-device';
import { invertExtents, intersectExtents, mergeExtents, type Extent } from '@lifeboat/model';
import type { Span } from './cut-spans.js';

/** A span's bytes as they are kept. `bytes` is valid until its buffer is used again; unused and unreadable bytes in it are zero. */
export type ReadSpan = Readonly<{
  span: Span & { kind: 'capture' };
  bytes: Uint8Array;
  /** Parts that are needed and could not be read, relative to the span, sorted and merged. */
  unreadable: readonly Extent[];
}>;

/**
 * Reads a span and blanks what is not used, so that the same used bytes always give the same chunks. A bad sector that nobody needs is
 * not worth a word.
 *
 * @param buffer at least as long as the span.
 * @throws as `readFully`, except UNREADABLE_SECTORS.
 */
export async function readSpan(reader: BlockReader, span: Span & { kind: 'capture' }, buffer: Uint8Array): Promise<ReadSpan> {
  const bytes = buffer.subarray(0, span.lengthBytes);
  let bad: Extent[] = [];
  try {
    await reader.readFully(bytes, span.offsetBytes);
  } catch (error) {
    if (!(error instanceof UnreadableSectors)) throw error;
    bad = mergeExtents(error.extents.map((extent) => ({ offsetBytes: extent.offsetBytes - span.offsetBytes, lengthBytes: extent.lengthBytes })));
  }
  for (const hole of span.unused) bytes.fill(0, hole.offsetBytes, hole.offsetBytes + hole.lengthBytes);
  const needed = bad.length === 0 ? [] : intersectExtents(bad, invertExtents(span.unused, span.lengthBytes));
  for (const hole of needed) bytes.fill(0, hole.offsetBytes, hole.offsetBytes + hole.lengthBytes);
  return { span, bytes, unreadable: needed };
}
