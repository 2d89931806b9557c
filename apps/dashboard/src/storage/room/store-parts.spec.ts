import { StoreStatus } from '@lifeboat/protocol';
import fc from 'fast-check';
import { storeParts } from './store-parts.js';

const status = (facts: Partial<StoreStatus>): StoreStatus => ({
  ...StoreStatus.parse({
    v: 1, storeId: 'e'.repeat(32), path: '/srv/lifeboat', device: '/dev/md0', sizeBytes: 1000, freeBytes: 400, liveBytes: 500, reclaimableBytes: 50, logicalBytes: 0, dedupRatio: null, compressionRatio: null,
    watermarks: { greenFreeBytes: 200, yellowFreeBytes: 150, orangeFreeBytes: 80, reserveBytes: 20, inodes: null }, pressure: 'green', forecast: null, chunks: 0, packs: 0,
  }),
  ...facts,
});

test('unique, shared, reclaimable, what is not ours, free and reserve, in this order', () => {
  expect(storeParts(status({ exclusiveBytes: 300, sharedBytes: 200 })).map(({ kind, bytes }) => [kind, bytes])).toEqual([['unique', 300], ['shared', 200], ['reclaimable', 50], ['other', 50], ['free', 380], ['reserve', 20]]);
});

test('before it is measured whose the bytes are, they are in use', () => {
  expect(storeParts(status({ exclusiveBytes: null, sharedBytes: null })).map(({ kind }) => kind)).toEqual(['live', 'reclaimable', 'other', 'free', 'reserve']);
});

test('the parts add up to the size, whatever was measured when', () => {
  const bytes = fc.integer({ min: 0, max: 2_000_000 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.record({ freeBytes: bytes, liveBytes: bytes, reclaimableBytes: fc.option(bytes), exclusiveBytes: fc.option(bytes), sharedBytes: fc.option(bytes) }), (sizeBytes, facts) => {
      const parts = storeParts(status({ ...facts, sizeBytes }));
      expect(parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(sizeBytes);
      for (const part of parts) expect(part.bytes).toBeGreaterThan(0);
    }),
  );
  expect(storeParts(status({ sizeBytes: 0 }))).toEqual([]);
});
