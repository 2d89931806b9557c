import { assertInvariant, clipExtents, endOf, intersectExtents, invertExtents, KIB, MIB, mergeExtents, type Extent } from '@lifeboat/model';

/** Length of a chunk of the fixed cutter. Chunks begin at multiples of it, counted from the volume's first byte. */
export const chunkBytes = 64 * KIB;
/** Bytes read in one piece. */
export const spanBytesMax = MIB;

/** A run of whole chunks to be read, or a run that nobody needs. Spans follow each other without gap. */
export type Span =
  | Readonly<{ kind: 'unallocated' } & Extent>
  /** `unused`: parts that are read but not kept, relative to the span, sorted and merged; they count as zeros. */
  | Readonly<{ kind: 'capture'; unused: readonly Extent[] } & Extent>;

export type CutPlan = Readonly<{
  lengthBytes: number;
  /** Sorted, merged, inside the volume. */
  used: readonly Extent[];
  /**
   * `masked`: a chunk with any used byte is captured whole, its unused bytes as zeros, so that equal files give equal chunks ·
   * `exact`: chunks end where the used bytes end, because the bytes next to them belong to another volume.
   */
  edges: 'masked' | 'exact';
}>;

/** Cuts a volume into spans that cover every byte exactly once. Lazy: a volume may have millions of them. */
export function* cutSpans(plan: CutPlan): Generator<Span> {
  const captured = plan.edges === 'exact' ? plan.used : widenToChunks(plan.used, plan.lengthBytes);
  let at = 0;
  let usedFrom = 0;
  for (const extent of captured) {
    if (extent.offsetBytes > at) yield { kind: 'unallocated', offsetBytes: at, lengthBytes: extent.offsetBytes - at };
    for (at = extent.offsetBytes; at < endOf(extent); ) {
      const end = Math.min(endOf(extent), (Math.floor(at / spanBytesMax) + 1) * spanBytesMax);
      const span = { offsetBytes: at, lengthBytes: end - at };
      while (usedFrom < plan.used.length && endOfAt(plan.used, usedFrom) <= at) usedFrom += 1;
      yield { kind: 'capture', ...span, unused: unusedIn(span, plan.used, usedFrom) };
      at = end;
    }
  }
  if (at < plan.lengthBytes) yield { kind: 'unallocated', offsetBytes: at, lengthBytes: plan.lengthBytes - at };
}

/** The chunks of a span, as ranges relative to the volume. */
export function* chunksOf(span: Extent): Generator<Extent> {
  for (let at = span.offsetBytes; at < endOf(span); ) {
    const end = Math.min(endOf(span), (Math.floor(at / chunkBytes) + 1) * chunkBytes);
    yield { offsetBytes: at, lengthBytes: end - at };
    at = end;
  }
}

/** Bytes that will be read. */
export function capturedBytes(plan: CutPlan): number {
  let total = 0;
  for (const extent of plan.edges === 'exact' ? plan.used : widenToChunks(plan.used, plan.lengthBytes)) total += extent.lengthBytes;
  return total;
}

function widenToChunks(used: readonly Extent[], lengthBytes: number): Extent[] {
  const widened = used.map((extent) => {
    const start = Math.floor(extent.offsetBytes / chunkBytes) * chunkBytes;
    return { offsetBytes: start, lengthBytes: Math.ceil(endOf(extent) / chunkBytes) * chunkBytes - start };
  });
  return clipExtents(mergeExtents(widened), lengthBytes);
}

function unusedIn(span: Extent, used: readonly Extent[], from: number): Extent[] {
  const inside: Extent[] = [];
  for (let index = from; index < used.length; index += 1) {
    const extent = used[index];
    if (!extent || extent.offsetBytes >= endOf(span)) break;
    inside.push(extent);
  }
  const relative = intersectExtents(inside, [span]).map((extent) => ({ offsetBytes: extent.offsetBytes - span.offsetBytes, lengthBytes: extent.lengthBytes }));
  return invertExtents(relative, span.lengthBytes);
}

function endOfAt(extents: readonly Extent[], index: number): number {
  const extent = extents[index];
  assertInvariant(extent !== undefined, 'an index inside the list');
  return endOf(extent);
}
