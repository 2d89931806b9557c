import { days } from '@lifeboat/model';
import type { Forecast } from '@lifeboat/protocol';
import fc from 'fast-check';
import { backTestSentence, forecastBand, forecastSentence, growthScale, placeOf, thinSamples } from './growth-geometry.js';

const now = Date.parse('2026-11-20T12:00:00Z');
const iso = (ms: number): string => new Date(ms).toISOString();
const sample = (ageDays: number, usedBytes: number) => ({ at: iso(now - days(ageDays)), sizeBytes: 1000, usedBytes, freeBytes: 1000 - usedBytes, reclaimableBytes: 0 });
const area = { width: 600, height: 200 };
const forecast = (fullAt: Forecast['fullAt']): Forecast => ({ historyDays: 30, bytesPerDay: 10, fullAt, reason: fullAt === null ? { code: 'FORECAST_SHORT_HISTORY', text: 'not enough history: 3 of 7 days' } : null, lastMonth: null });
const dates = { p10: iso(now + days(20)), p50: iso(now + days(30)), p90: iso(now + days(50)) };

test('time runs from the first sample over now to the forecast, bytes from 0 to the size', () => {
  const scale = growthScale([sample(30, 400), sample(0, 500)], forecast(dates), { nowMs: now, sizeBytes: 1000 });
  expect(placeOf(scale, area, { atMs: now - days(30), bytes: 0 })).toEqual({ x: 0, y: 200 });
  expect(placeOf(scale, area, { atMs: scale.toMs, bytes: 1000 })).toEqual({ x: 600, y: 0 });
  expect(scale.toMs - now).toBe(days(55));
});

test('the early date bounds the band above, the late one below, and the middle lies between', () => {
  const scale = growthScale([sample(30, 400)], forecast(dates), { nowMs: now, sizeBytes: 1000 });
  const { outline, middle } = forecastBand(scale, area, { usedBytes: 500, fullBytes: 980, fullAt: dates });
  const [start, early] = outline;
  expect(start).toEqual(middle[0]);
  expect(early?.x ?? 0).toBeLessThan(middle[1]?.x ?? 0);
  expect(middle[1]?.x ?? 0).toBeLessThan(outline.at(-1)?.x ?? 0);
});

test('whatever the dates, the band stays on the drawing', () => {
  const ahead = fc.integer({ min: -5, max: 4000 });
  fc.assert(
    fc.property(ahead, ahead, fc.option(ahead), fc.integer({ min: 1, max: 400 }), (p10, p50, p90, age) => {
      const fullAt = { p10: iso(now + days(p10)), p50: iso(now + days(p50)), p90: p90 === null ? null : iso(now + days(p90)) };
      const scale = growthScale([sample(age, 400)], forecast(fullAt), { nowMs: now, sizeBytes: 1000 });
      const { outline, middle } = forecastBand(scale, area, { usedBytes: 500, fullBytes: 980, fullAt });
      for (const { x, y } of [...outline, ...middle]) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(area.width);
        expect(y).toBeGreaterThanOrEqual(0);
        expect(y).toBeLessThanOrEqual(area.height);
      }
    }),
  );
});

test('a long history is thinned and keeps its ends', () => {
  const long = Array.from({ length: 5000 }, (_, place) => sample(5000 - place, place));
  const thin = thinSamples(long);
  expect(thin).toHaveLength(400);
  expect([thin[0], thin.at(-1)]).toEqual([long[0], long.at(-1)]);
  expect(thinSamples(long.slice(0, 3))).toHaveLength(3);
});

test('forecasts in words', () => {
  const day = (at: string): string => at.slice(0, 10);
  expect(forecastSentence(null, day)).toBe('No date: not enough history');
  expect(forecastSentence(forecast(null), day)).toBe('No date: not enough history: 3 of 7 days');
  expect(forecastSentence(forecast(dates), day)).toBe('Full between 2026-12-10 and 2027-01-09 (10–90 %), most likely about 2026-12-20');
  expect(backTestSentence({ predictedBytes: 94, actualBytes: 100, errorPercent: -6 })).toBe('Last month’s forecast was 6 % low');
  expect(backTestSentence({ predictedBytes: 1, actualBytes: 1, errorPercent: 0.2 })).toBe('Last month’s forecast was right to the per cent');
});
