import fc from 'fast-check';
import { clipExtents, endOf, intersectExtents, invertExtents, mergeExtents, totalBytes, type Extent } from './extent.js';

const arbExtents = fc.array(fc.record({ offsetBytes: fc.nat(60), lengthBytes: fc.nat(12) }), { maxLength: 10 });
const sizeBytes = 64;

/** The slow truth: the set of bytes. */
const bytesOf = (extents: readonly Extent[]): Set<number> => new Set(extents.flatMap(({ offsetBytes, lengthBytes }) => Array.from({ length: lengthBytes }, (_, at) => offsetBytes + at)));

function expectNormal(extents: readonly Extent[]): void {
  extents.forEach((extent, index) => {
    expect(extent.lengthBytes).toBeGreaterThan(0);
    const next = extents[index + 1];
    if (next) expect(next.offsetBytes).toBeGreaterThan(endOf(extent));
  });
}

test('mergeExtents covers the same bytes, sorted and merged', () => {
  fc.assert(fc.property(arbExtents, (extents) => {
    const merged = mergeExtents(extents);
    expectNormal(merged);
    expect(bytesOf(merged)).toEqual(bytesOf(extents));
    expect(totalBytes(merged)).toBe(bytesOf(extents).size);
  }));
});

test('invertExtents covers exactly the other bytes', () => {
  fc.assert(fc.property(arbExtents, (extents) => {
    const merged = mergeExtents(extents);
    const gaps = invertExtents(merged, sizeBytes);
    expectNormal(gaps);
    const covered = bytesOf(merged);
    expect(bytesOf(gaps)).toEqual(new Set(Array.from({ length: sizeBytes }, (_, at) => at).filter((at) => !covered.has(at))));
  }));
});

test('intersectExtents covers the bytes that both cover', () => {
  fc.assert(fc.property(arbExtents, arbExtents, (left, right) => {
    const common = intersectExtents(mergeExtents(left), mergeExtents(right));
    const inRight = bytesOf(right);
    expect(bytesOf(common)).toEqual(new Set([...bytesOf(left)].filter((at) => inRight.has(at))));
    expect(totalBytes(common)).toBe(bytesOf(common).size);
  }));
});

test('clipExtents drops what lies beyond the end', () => {
  fc.assert(fc.property(arbExtents, fc.nat(sizeBytes), (extents, lengthBytes) => {
    expect(bytesOf(clipExtents(mergeExtents(extents), lengthBytes))).toEqual(new Set([...bytesOf(extents)].filter((at) => at < lengthBytes)));
  }));
});
