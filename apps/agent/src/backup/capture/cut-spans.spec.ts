import fc from 'fast-check';
import { clipExtents, endOf, mergeExtents, totalBytes, type Extent } from '@lifeboat/model';
import { capturedBytes, chunkBytes, chunksOf, cutSpans, spanBytesMax, type CutPlan, type Span } from './cut-spans.js';

const arbPlan: fc.Arbitrary<CutPlan> = fc
  .record({
    lengthBytes: fc.integer({ min: 1, max: 6 * 1024 * 1024 }),
    extents: fc.array(fc.record({ offsetBytes: fc.integer({ min: 0, max: 6 * 1024 * 1024 }), lengthBytes: fc.integer({ min: 1, max: 400_000 }) }), { maxLength: 12 }),
    edges: fc.constantFrom('masked' as const, 'exact' as const),
  })
  .map(({ lengthBytes, extents, edges }) => ({ lengthBytes, used: clipExtents(mergeExtents(extents), lengthBytes), edges }));

const captures = (spans: readonly Span[]): (Span & { kind: 'capture' })[] => spans.filter((span) => span.kind === 'capture');
const keptOf = (span: Span & { kind: 'capture' }): number => span.lengthBytes - totalBytes(span.unused);

test('spans cover every byte exactly once, and never lose a used one', () => {
  fc.assert(
    fc.property(arbPlan, (plan) => {
      const spans = [...cutSpans(plan)];
      let next = 0;
      for (const span of spans) {
        expect(span.offsetBytes).toBe(next);
        expect(span.lengthBytes).toBeGreaterThan(0);
        next = endOf(span);
      }
      expect(next).toBe(plan.lengthBytes);
      expect(captures(spans).reduce((sum, span) => sum + keptOf(span), 0)).toBe(totalBytes(plan.used));
      expect(totalBytes(captures(spans))).toBe(capturedBytes(plan));
    }),
  );
});

test('chunks lie on the grid of the volume, and captured spans are made of whole ones', () => {
  fc.assert(
    fc.property(arbPlan, (plan) => {
      for (const span of captures([...cutSpans(plan)])) {
        expect(span.lengthBytes).toBeLessThanOrEqual(spanBytesMax);
        const chunks = [...chunksOf(span)];
        expect(totalBytes(chunks)).toBe(span.lengthBytes);
        for (const chunk of chunks) expect(Math.floor(chunk.offsetBytes / chunkBytes)).toBe(Math.floor((endOf(chunk) - 1) / chunkBytes));
        if (plan.edges === 'masked') {
          expect(span.offsetBytes % chunkBytes).toBe(0);
          expect(endOf(span) % chunkBytes === 0 || endOf(span) === plan.lengthBytes).toBe(true);
        } else expect(span.unused).toEqual([]);
      }
    }),
  );
});

test.each<{ name: string; edges: CutPlan['edges']; spans: (Extent & { kind: string; unused?: Extent[] })[] }>([
  {
    name: 'masked takes the whole chunk and blanks the rest of it', edges: 'masked',
    spans: [
      { kind: 'unallocated', offsetBytes: 0, lengthBytes: 65_536 },
      { kind: 'capture', offsetBytes: 65_536, lengthBytes: 65_536, unused: [{ offsetBytes: 0, lengthBytes: 4096 }, { offsetBytes: 8192, lengthBytes: 57_344 }] },
      { kind: 'unallocated', offsetBytes: 131_072, lengthBytes: 68_928 },
    ],
  },
  {
    name: 'exact takes the used bytes only', edges: 'exact',
    spans: [
      { kind: 'unallocated', offsetBytes: 0, lengthBytes: 69_632 },
      { kind: 'capture', offsetBytes: 69_632, lengthBytes: 4096, unused: [] },
      { kind: 'unallocated', offsetBytes: 73_728, lengthBytes: 126_272 },
    ],
  },
])('$name', ({ edges, spans }) => {
  expect([...cutSpans({ lengthBytes: 200_000, used: [{ offsetBytes: 69_632, lengthBytes: 4096 }], edges })]).toEqual(spans);
});
