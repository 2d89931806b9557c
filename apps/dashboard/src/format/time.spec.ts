import { days, hours, minutes, seconds } from '@lifeboat/model';
import { formatAgo, formatDuration, formatShortMoment, formatSpan, formatTimeLeft, startOfDay } from './time.js';

test('ages', () => {
  expect(formatAgo(1_000_000, 1_020_000)).toBe('just now');
  expect(formatAgo(2_000_000, 1_000_000)).toBe('just now');
  expect(formatAgo(0, days(3) + hours(4))).toBe('3 d 4 h ago');
});

test('durations and targets', () => {
  expect(formatDuration(seconds(7))).toBe('0:07');
  expect(formatDuration(minutes(12) + seconds(40))).toBe('12:40');
  expect(formatDuration(hours(3) + minutes(5))).toBe('3 h 5 min');
  expect(formatSpan(hours(24))).toBe('24 h');
  expect(formatSpan(days(14))).toBe('14 d');
  expect(formatSpan(minutes(90))).toBe('90 min');
});

describe('formatTimeLeft', () => {
  const running = { runningMs: minutes(5), share: 0.4 };
  test.each([
    [{ etaMs: null, ...running }, null],
    [{ etaMs: minutes(10), runningMs: seconds(20), share: 0.4 }, null],
    [{ etaMs: minutes(10), runningMs: minutes(5), share: 0.01 }, null],
    [{ etaMs: seconds(40), ...running }, 'under a minute'],
    [{ etaMs: minutes(11), ...running }, 'about 9–14 min'],
    [{ etaMs: hours(3), ...running }, 'about 2–4 h'],
  ])('%j is %s', (job, text) => {
    expect(formatTimeLeft(job)).toBe(text);
  });
});

test('moments name the year only when it differs', () => {
  const now = new Date(2026, 10, 20, 12).getTime();
  expect(formatShortMoment(new Date(2026, 10, 14, 2, 10).getTime(), now)).toBe('14 Nov 02:10');
  expect(formatShortMoment(new Date(2025, 10, 14, 2, 10).getTime(), now)).toBe('14 Nov 2025 02:10');
  expect(startOfDay(now)).toBe(new Date(2026, 10, 20).getTime());
});
