import { MIB, seconds } from '@lifeboat/model';
import { RateMeter } from './rate-meter.js';

test('follows a steady rate exactly and a changed one within a minute', () => {
  const meter = new RateMeter(0);
  let doneBytes = 0;
  for (let second = 1; second <= 60; second += 1) meter.report(seconds(second), (doneBytes += 10 * MIB));
  expect(meter.bytesPerSecond).toBe(10 * MIB);
  for (let second = 61; second <= 120; second += 1) meter.report(seconds(second), (doneBytes += 40 * MIB));
  expect(meter.bytesPerSecond).toBeGreaterThan(39 * MIB);
});

test.each([
  { name: 'too early', atMs: seconds(10), doneBytes: 500 * MIB, totalBytes: 1000 * MIB },
  { name: 'hardly begun', atMs: seconds(60), doneBytes: 10 * MIB, totalBytes: 1000 * MIB },
  { name: 'of unknown size', atMs: seconds(60), doneBytes: 500 * MIB, totalBytes: 0 },
])('gives no estimate when $name', ({ atMs, doneBytes, totalBytes }) => {
  const meter = new RateMeter(0);
  meter.report(0, 0);
  meter.report(atMs, doneBytes);
  expect(meter.remainingMs(atMs, totalBytes)).toBeNull();
});

test('estimates from rate and rest, and survives a resume that counts from the beginning', () => {
  const meter = new RateMeter(0);
  meter.report(0, 0);
  meter.report(seconds(50), 500 * MIB);
  expect(meter.remainingMs(seconds(50), 1000 * MIB)).toBe(seconds(50));
  meter.report(seconds(51), 100 * MIB);
  expect(meter.bytesPerSecond).toBe(10 * MIB);
});
