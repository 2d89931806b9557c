import { Version } from '@lifeboat/protocol';
import { endOfDay, fateOf, pointMarks } from './keeping-words.js';

const point = (facts: Partial<Version> = {}): Version => ({
  ...Version.parse({
    id: 'a'.repeat(32), createdAt: '2026-11-20T02:00:00Z', kind: 'incremental', consistency: 'crash', state: 'good', bytes: { used: 1, changed: 1, sent: 1, stored: 1, unique: null }, proof: null, pinned: false, kept: [],
  }),
  ...facts,
});

test('why it goes comes before why it stays', () => {
  expect(fateOf(point({ kept: ['newest good point'] }))).toEqual({ stays: true, text: 'newest good point' });
  expect(fateOf(point({ kept: ['newest good point', 'monthly slot of September', 'pinned'] })).text).toBe('newest good point, and 2 more');
  expect(fateOf(point({ goes: 'pressure: densest region of WS-1' }))).toEqual({ stays: false, text: 'pressure: densest region of WS-1' });
  expect(fateOf(point({ goes: null, deleted: { at: '', purgeAfter: '', by: 'operator', reason: 'holds a secret' } }))).toEqual({ stays: false, text: 'deleted: holds a secret' });
  expect(fateOf(point())).toEqual({ stays: true, text: 'not judged yet' });
});

test('marks, what matters most first', () => {
  expect(pointMarks(point())).toEqual([]);
  expect(pointMarks(point({ pinned: true, held: { reason: 'case 7', by: 'anna', since: '' }, mark: { cause: 'scrub', reason: 'x', at: '' }, state: 'damaged' }))).toEqual(['held', 'pinned', 'marked']);
});

test('days end at their last second', () => {
  expect(endOfDay('2026-12-31')).toBe(new Date(2026, 11, 31, 23, 59, 59).getTime());
  expect(endOfDay('2026-13-31')).toBeNull();
  expect(endOfDay('')).toBeNull();
});
