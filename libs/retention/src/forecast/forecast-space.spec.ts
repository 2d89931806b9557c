import { days, GIB, hours } from '@lifeboat/model';
import { SeededRandom } from '../testing/random-fleet.js';
import { forecastSpace, type SpaceSample } from './forecast-space.js';

const nowMs = Date.UTC(2026, 10, 21, 12);
/** `count` days up to now, growing by `perDay` GiB a day with noise. */
const growth = (count: number, perDay: number, noise = 0, seed = 1): SpaceSample[] => {
  const random = new SeededRandom(seed);
  return Array.from({ length: count + 1 }, (_, index) => ({ atMs: nowMs - days(count - index), usedBytes: Math.round((500 + index * perDay + (random.next() - 0.5) * noise) * GIB) }));
};

test('steady growth has one date', () => {
  const forecast = forecastSpace({ history: growth(30, 2), fullBytes: 600 * GIB, nowMs });
  expect(forecast).toMatchObject({ fullAtMs: { p10: nowMs + days(20), p50: nowMs + days(20), p90: nowMs + days(20) }, reason: null, bytesPerDay: 2 * GIB, historyDays: 30 });
});

test('noise widens the band around the truth', () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const { fullAtMs } = forecastSpace({ history: growth(60, 2, 12, seed), fullBytes: 720 * GIB, nowMs });
    if (fullAtMs === null) throw new RangeError('no date');
    expect(fullAtMs.p10).toBeLessThan(fullAtMs.p50);
    expect(fullAtMs.p50).toBeLessThan(fullAtMs.p90 ?? Infinity);
    expect(Math.abs((fullAtMs.p50 - nowMs) / days(1) - 50)).toBeLessThan(10);
  }
});

test('one full backup and garbage collection\'s falls do not move the median', () => {
  const history = growth(60, 2).map((sample, index) => ({ ...sample, usedBytes: sample.usedBytes + (index === 30 ? 300 * GIB : 0) - (index % 10 === 9 ? 15 * GIB : 0) }));
  expect(forecastSpace({ history, fullBytes: 720 * GIB, nowMs }).bytesPerDay).toBeCloseTo(2 * GIB, -7);
});

test.each([
  { name: 'six days', history: growth(6, 2), code: 'FORECAST_SHORT_HISTORY' }, { name: 'nothing', history: [], code: 'FORECAST_SHORT_HISTORY' }, { name: 'a week of samples in one day', history: growth(6, 2).map((sample, index) => ({ ...sample, atMs: nowMs - hours(index) })), code: 'FORECAST_SHORT_HISTORY' },
  { name: 'no growth', history: growth(30, 0), code: 'FORECAST_NOT_GROWING' }, { name: 'shrinking', history: growth(30, -1), code: 'FORECAST_NOT_GROWING' }, { name: 'eleven years to go', history: growth(30, 0.02), code: 'FORECAST_NOT_GROWING' },
  { name: 'full already', history: growth(60, 20), code: 'FORECAST_FULL_NOW' },
])('$name gives no date but $code', ({ history, code }) => {
  expect(forecastSpace({ history, fullBytes: 600 * GIB, nowMs })).toMatchObject({ fullAtMs: null, reason: { code } });
});

test('the words of a short history', () => {
  expect(forecastSpace({ history: growth(5, 2), fullBytes: 600 * GIB, nowMs }).reason?.text).toBe('not enough history: 5 of 7 days');
});

test('last month\'s forecast is held against today', () => {
  expect(forecastSpace({ history: growth(60, 2), fullBytes: 1000 * GIB, nowMs }).lastMonth).toMatchObject({ actualBytes: 620 * GIB, errorPercent: 0 });
  const faster = [...growth(60, 2).slice(0, 31), ...growth(60, 2).slice(31).map((sample, index) => ({ ...sample, usedBytes: sample.usedBytes + (index + 1) * GIB }))];
  expect(forecastSpace({ history: faster, fullBytes: 1000 * GIB, nowMs }).lastMonth).toMatchObject({ predictedBytes: 620 * GIB, actualBytes: 650 * GIB, errorPercent: -3 });
  expect(forecastSpace({ history: growth(30, 2), fullBytes: 1000 * GIB, nowMs }).lastMonth).toBeNull();
});

test('the order of samples and their number per day do not matter', () => {
  const history = growth(40, 2);
  const often = history.flatMap((sample) => [{ ...sample, atMs: sample.atMs - hours(3), usedBytes: 1 }, sample]).toReversed();
  expect(forecastSpace({ history: often, fullBytes: 700 * GIB, nowMs }).fullAtMs).toEqual(forecastSpace({ history, fullBytes: 700 * GIB, nowMs }).fullAtMs);
});
