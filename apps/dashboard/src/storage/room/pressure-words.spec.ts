import fc from 'fast-check';
import { pressureSentences, pressureWords, ratioSentences, rungsOf } from './pressure-words.js';

const marks = { greenFreeBytes: 200, yellowFreeBytes: 150, orangeFreeBytes: 80, reserveBytes: 20, inodes: null };

test('the marks stand where so much is free, roomiest first', () => {
  expect(rungsOf({ sizeBytes: 1000, watermarks: marks }).map(({ key, share }) => [key, Number(share.toFixed(3))])).toEqual([['green', 0.8], ['yellow', 0.85], ['orange', 0.92], ['reserve', 0.98]]);
  expect(rungsOf({ sizeBytes: 0, watermarks: marks })).toEqual([]);
  expect(rungsOf({ sizeBytes: 1000, watermarks: null })).toEqual([]);
});

test('no mark leaves the bar', () => {
  const bytes = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.tuple(bytes, bytes, bytes, bytes), (sizeBytes, [greenFreeBytes, yellowFreeBytes, orangeFreeBytes, reserveBytes]) => {
      for (const { share } of rungsOf({ sizeBytes, watermarks: { greenFreeBytes, yellowFreeBytes, orangeFreeBytes, reserveBytes, inodes: null } })) {
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test('ratios say what is divided by what, and are left out when unknown', () => {
  expect(ratioSentences({ dedupRatio: 3.14, compressionRatio: 1.5 })).toEqual(['dedup 3.1× (used bytes of all points ÷ bytes kept once)', 'compression 1.5× (bytes kept once ÷ bytes on disk)']);
  expect(ratioSentences({ dedupRatio: null, compressionRatio: null })).toEqual([]);
});

test('every state has its own word and sentence', () => {
  expect(new Set(Object.values(pressureWords)).size).toBe(4);
  expect(new Set(Object.values(pressureSentences)).size).toBe(4);
});
