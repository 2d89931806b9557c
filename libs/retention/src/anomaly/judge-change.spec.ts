import { days, GIB, hours, MIB, RestorePointId } from '@lifeboat/model';
import { SeededRandom } from '../testing/random-fleet.js';
import { judgeChange, type ChangeSample } from './judge-change.js';

const id = (number: number): RestorePointId => RestorePointId.parse(number.toString(16).padStart(32, '0'));
const usedBytes = 200 * GIB;

/** Daily points that change 1 to 4 % and compress to about half. */
function history(count: number, everyMs = days(1), seed = 1): ChangeSample[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const changedBytes = index === 0 ? usedBytes : Math.floor(usedBytes * (0.01 + 0.03 * random.next()));
    return { pointId: id(index + 1), createdAtMs: days(1000) + index * everyMs, usedBytes, changedBytes, storedBytes: Math.floor(changedBytes * (0.45 + 0.1 * random.next())) };
  });
}
const next = (before: readonly ChangeSample[], change: Partial<ChangeSample>, afterMs = days(1)): ChangeSample => {
  const changedBytes = change.changedBytes ?? 4 * GIB;
  return { pointId: id(999), createdAtMs: (before.at(-1)?.createdAtMs ?? 0) + afterMs, usedBytes, changedBytes, storedBytes: Math.floor(changedBytes / 2), ...change };
};

test('usual days are normal', () => {
  for (let seed = 0; seed < 300; seed += 1) {
    const points = history(40, days(1), seed);
    const before = points.slice(0, -1);
    expect(judgeChange(before, points.at(-1) ?? next(before, {}))).toEqual({ kind: 'normal' });
  }
});

test('half of the disk changing in a day is an anomaly, and names the last clean point', () => {
  expect(judgeChange(history(20), next(history(20), { changedBytes: 100 * GIB }))).toEqual({ kind: 'change-rate', lastCleanPointId: id(20), detail: expect.stringMatching(/^50 % of the used bytes changed; usual is [12]\.\d %$/) });
});

test('encryption shows by bytes that do not compress, at a rate that would pass', () => {
  const verdict = judgeChange(history(20), next(history(20), { changedBytes: 12 * GIB, storedBytes: 12 * GIB }));
  expect(verdict).toMatchObject({ kind: 'entropy', lastCleanPointId: id(20) });
});

test.each([
  { name: 'media that never compressed', points: history(20).map((sample) => ({ ...sample, storedBytes: sample.changedBytes })), change: { changedBytes: 12 * GIB, storedBytes: 12 * GIB }, afterMs: days(1) },
  { name: 'three weeks away', points: history(20), change: { changedBytes: 60 * GIB }, afterMs: days(21) },
  { name: 'a point an hour after another', points: history(20), change: { changedBytes: 5 * GIB }, afterMs: hours(1) },
  { name: 'a few bytes that do not compress', points: history(20), change: { changedBytes: 32 * MIB, storedBytes: 32 * MIB }, afterMs: days(1) },
  { name: 'a quiet machine\'s first update', points: history(20).map((sample, index) => (index === 0 ? sample : { ...sample, changedBytes: 10 * MIB, storedBytes: 5 * MIB })), change: { changedBytes: 6 * GIB }, afterMs: days(1) },
])('$name is normal', ({ points, change, afterMs }) => {
  expect(judgeChange(points, next(points, change, afterMs))).toEqual({ kind: 'normal' });
});

test('one wild day in the past does not hide the next', () => {
  const points = history(20).map((sample, index) => (index === 10 ? { ...sample, changedBytes: 150 * GIB, storedBytes: 150 * GIB } : sample));
  expect(judgeChange(points, next(points, { changedBytes: 100 * GIB })).kind).toBe('change-rate');
});

test('too little history is unknown, not normal', () => {
  expect(judgeChange(history(7), next(history(7), { changedBytes: 150 * GIB }))).toEqual({ kind: 'unknown', reason: '6 of 7 changes to compare with' });
  expect(judgeChange([], next([], {})).kind).toBe('unknown');
});
