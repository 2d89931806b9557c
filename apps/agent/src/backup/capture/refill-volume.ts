import type { BlockReader } from '@lifeboat/block-device';
import { digestOf } from '@lifeboat/codec';
import { endOf, mergeExtents, type Extent } from '@lifeboat/model';
import { BatchBuilder } from './batch-builder.js';
import type { SendBatch } from './capture-volume.js';
import { chunksOf, cutSpans, type CutPlan, type Span } from './cut-spans.js';
import { readAhead } from './read-ahead.js';

/** Chunks of a volume that are to be sent once more, as they were cut before. */
export type RefillTask = Readonly<{ reader: BlockReader; plan: CutPlan; needs: readonly Extent[]; send: SendBatch; signal: AbortSignal }>;

/**
 * Reads just the spans that hold the needed chunks and sends those again, cut and masked as the first time. Whether they are still the same, the server
 * sees: it takes only what the volume's map names.
 * @throws as `readFully`; what `send` throws; the signal's reason.
 */
export async function refillVolume({ reader, plan, needs, send, signal }: RefillTask): Promise<void> {
  const wanted = new Map(needs.map((need) => [need.offsetBytes, need.lengthBytes]));
  for await (const captured of readAhead(reader, spansTouching(cutSpans(plan), mergeExtents(needs)))) {
    signal.throwIfAborted();
    if (captured.kind === 'unallocated') continue;
    for (const chunk of chunksOf(captured.span)) {
      if (wanted.get(chunk.offsetBytes) !== chunk.lengthBytes) continue;
      const at = chunk.offsetBytes - captured.span.offsetBytes;
      const bytes = captured.bytes.subarray(at, at + chunk.lengthBytes);
      // One chunk a batch: the entries of a batch follow each other without gap, and few chunks are ever needed.
      const batch = new BatchBuilder();
      batch.addChunk({ kind: 'data', offsetBytes: chunk.offsetBytes, lengthBytes: chunk.lengthBytes, digest: digestOf(bytes) }, bytes);
      await send(batch.take());
    }
  }
}

function* spansTouching(spans: Iterable<Span>, extents: readonly Extent[]): Generator<Span> {
  for (const span of spans) {
    if (span.kind === 'capture' && extents.some((extent) => extent.offsetBytes < endOf(span) && span.offsetBytes < endOf(extent))) yield span;
  }
}
