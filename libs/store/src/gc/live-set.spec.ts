import { digestOf } from '@lifeboat/codec';
import type { Digest } from '@lifeboat/model';
import fc from 'fast-check';
import { DigestSet } from '../binary/digest-set.js';
import { LiveSet } from './live-set.js';

const digest = (seed: number): Digest => digestOf(Buffer.from(String(seed)));

test('the live set never forgets, and takes few others for live', () => {
  const count = 10_000;
  const live = new LiveSet(count);
  let added = 0;
  for (let seed = 0; seed < count; seed += 1) added += live.add(digest(seed)) ? 1 : 0;
  let forgotten = 0;
  for (let seed = 0; seed < count; seed += 1) forgotten += live.has(digest(seed)) ? 0 : 1;
  expect(forgotten).toBe(0);
  expect(added).toBeGreaterThan(count - 5);
  let mistaken = 0;
  for (let seed = count; seed < 4 * count; seed += 1) mistaken += live.has(digest(seed)) ? 1 : 0;
  // 30,000 chances of 1.4e-5.
  expect(mistaken).toBeLessThan(8);
});

test('the live set keeps everything also when more comes than was expected', () => {
  fc.assert(fc.property(fc.uniqueArray(fc.nat(), { maxLength: 3000 }), (seeds) => {
    const live = new LiveSet(0);
    for (const seed of seeds) live.add(digest(seed));
    return seeds.every((seed) => live.has(digest(seed)));
  }), { numRuns: 20 });
});

test('a digest set is a set', () => {
  fc.assert(fc.property(fc.array(fc.nat({ max: 2000 }), { maxLength: 2000 }), (seeds) => {
    const set = new DigestSet();
    const model = new Set<number>();
    for (const seed of seeds) {
      expect(set.add(digest(seed))).toBe(!model.has(seed));
      model.add(seed);
    }
    expect(set.size).toBe(model.size);
    for (let seed = 0; seed < 50; seed += 1) expect(set.has(digest(seed))).toBe(model.has(seed));
  }), { numRuns: 20 });
  const zero = '0'.repeat(64) as Digest;
  const set = new DigestSet();
  expect(set.has(zero)).toBe(false);
  expect(set.add(zero)).toBe(true);
  expect(set.has(zero)).toBe(true);
});
