import { days, hours } from '@lifeboat/model';
import { Version } from '@lifeboat/protocol';
import fc from 'fast-check';
import { layoutBars, nearestBar, pointWords, timeWindow } from './timeline-geometry.js';

const now = Date.parse('2026-11-20T12:00:00Z');
let made = 0;
const point = (atMs: number, facts: Partial<Version> = {}): Version => ({
  ...Version.parse({
    id: (++made).toString(16).padStart(32, '0'), createdAt: new Date(atMs).toISOString(), kind: 'incremental', consistency: 'crash', state: 'good',
    bytes: { used: 1000, changed: 100, sent: 50, stored: 40, unique: null }, proof: null, pinned: false, kept: [],
  }),
  ...facts,
});
const bytes = (changed: number): Version['bytes'] => ({ used: 1000, changed, sent: 0, stored: 0, unique: null });
const area = { window: timeWindow('30d', null, now), width: 800, height: 100 };

test('a full point is tall, an incremental one grows with the root of what changed', () => {
  const points = [point(now - days(3), { kind: 'full' }), point(now - days(2), { bytes: bytes(400) }), point(now - days(1), { bytes: bytes(100) })];
  const [full, busy, quiet] = layoutBars(points, area, -1);
  expect(full?.height).toBe(100);
  expect(busy?.height).toBeCloseTo(80);
  expect(((quiet?.height ?? 0) - 8) / ((busy?.height ?? 0) - 8)).toBeCloseTo(0.5);
});

test('every bar stays inside, and no point inside the window is uncounted', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: days(40) }), { maxLength: 300 }), fc.integer({ min: 200, max: 1400 }), (ages, width) => {
      const points = ages.toSorted((a, b) => b - a).map((age) => point(now - age));
      const bars = layoutBars(points, { ...area, width }, -1);
      for (const bar of bars) {
        expect(bar.x).toBeGreaterThanOrEqual(0);
        expect(bar.x + bar.width).toBeLessThanOrEqual(width + 1e-6);
      }
      const drawn = bars.reduce((sum, bar) => sum + 1 + bar.others, 0);
      expect(drawn).toBe(points.filter((row) => Date.parse(row.createdAt) >= area.window.fromMs).length);
    }),
  );
});

test('in a crowded column the selected point is drawn, else the damaged one', () => {
  const points = [point(now - hours(1)), point(now - hours(1) + 1000, { state: 'damaged' }), point(now - hours(1) + 2000)];
  const year = { ...area, window: timeWindow('1y', null, now) };
  expect(layoutBars(points, year, -1)).toMatchObject([{ index: 1, others: 2 }]);
  expect(layoutBars(points, year, 2)).toMatchObject([{ index: 2, others: 2 }]);
});

test('all of time begins before the first point and spans a week at least', () => {
  expect(timeWindow('all', now - days(100), now).fromMs).toBeLessThan(now - days(100));
  expect(now - timeWindow('all', null, now).fromMs).toBeGreaterThanOrEqual(days(7));
});

test('a click finds the nearest bar', () => {
  const bars = layoutBars([point(now - days(20)), point(now - days(2))], area, -1);
  expect(nearestBar(bars, 790)?.index).toBe(1);
  expect(nearestBar(bars, 0)?.index).toBe(0);
  expect(nearestBar([], 5)).toBeUndefined();
});

test('a point in words', () => {
  const words = { moment: '14 Nov 02:10', changed: '3.1 GiB', used: '40 GiB' };
  expect(pointWords(point(now), words)).toBe('14 Nov 02:10, incremental, 3.1 GiB changed');
  expect(pointWords(point(now, { kind: 'full', state: 'damaged', proof: { level: 3, at: '' } }), words)).toBe('14 Nov 02:10, full, 40 GiB used, damaged, proven at level 3');
});
