import type { BlockReader } from '@lifeboat/block-device';
import { readSpan, type ReadSpan } from './read-span.js';
import { spanBytesMax, type Span } from './cut-spans.js';

/** Spans being read while one is being worked on; together they keep a fast disk busy. */
const readAheadCount = 4;

/** What comes next in a volume: a run without bytes, or a span with them. */
export type Captured = Readonly<{ kind: 'unallocated'; span: Span }> | Readonly<{ kind: 'capture' } & ReadSpan>;

/**
 * Hands out a volume's spans in order while the next ones are being read. The bytes of a span are valid until the next one is asked for.
 * Reading stops by itself when the consumer does not ask: at most {@link readAheadCount} spans are in memory.
 */
export async function* readAhead(reader: BlockReader, spans: Iterable<Span>): AsyncGenerator<Captured> {
  const buffers: Uint8Array[] = Array.from({ length: readAheadCount + 1 }, () => Buffer.allocUnsafeSlow(spanBytesMax));
  const pending: { result: Promise<Captured>; buffer: Uint8Array | undefined }[] = [];
  const source = spans[Symbol.iterator]();
  const start = (): boolean => {
    const next = source.next();
    if (next.done === true) return false;
    const span = next.value;
    if (span.kind === 'unallocated') pending.push({ result: Promise.resolve({ kind: 'unallocated', span }), buffer: undefined });
    else {
      const buffer = buffers.pop() ?? Buffer.allocUnsafeSlow(spanBytesMax);
      const result = readSpan(reader, span, buffer).then((read): Captured => ({ kind: 'capture', ...read }));
      // The failure is thrown where the span's turn comes; until then nobody waits for it, which must not end the process.
      result.catch(() => undefined);
      pending.push({ result, buffer });
    }
    return true;
  };
  try {
    while (pending.length < readAheadCount && start());
    for (let current = pending.shift(); current; current = pending.shift()) {
      start();
      yield await current.result;
      if (current.buffer) buffers.push(current.buffer);
    }
  } finally {
    await Promise.allSettled(pending.map((one) => one.result));
  }
}
