import { defaultStoreSettings, hours } from '@lifeboat/model';
import { testSpace } from '../testing/fleet.js';
import { bytesOf, inodesOf, pressureOf, quarantineMs, reliefMark } from './pressure-of.js';

/** 1,000 bytes with a reserve of 20. */
const space = { ...testSpace, sizeBytes: 1000, reserveBytes: 20 };

test.each([
  [200, 0, 'green'], [150, 0, 'green'], [149, 0, 'yellow'], [80, 0, 'yellow'], [79, 0, 'orange'], [20, 0, 'orange'], [19, 0, 'red'], [-5, 0, 'red'],
  [400, 250, 'green'], [400, 251, 'yellow'], [400, 321, 'orange'], [400, 381, 'red'],
] as const)('%i free and %i about to be written is %s', (freeBytes, reservedBytes, expected) => {
  expect(pressureOf({ ...space, freeBytes, reservedBytes }, defaultStoreSettings)).toBe(expected);
});

test.each([[150, 'orange', 'yellow'], [199, 'yellow', 'yellow'], [200, 'yellow', 'green'], [199, 'green', 'green'], [199, null, 'green'], [79, 'yellow', 'orange']] as const)('%i free after %s is %s', (freeBytes, before, expected) => {
  expect(pressureOf({ ...space, freeBytes }, defaultStoreSettings, before)).toBe(expected);
});

test('inodes count like bytes, the worse of both is shown, and no number is no limit', () => {
  const roomy = { ...space, freeBytes: 900 };
  expect(pressureOf({ ...roomy, inodesTotal: 1000, inodesFree: 140 }, defaultStoreSettings)).toBe('yellow');
  expect(pressureOf({ ...roomy, inodesTotal: 1000, inodesFree: 9 }, defaultStoreSettings)).toBe('red');
  expect(pressureOf({ ...roomy, inodesTotal: 1000, inodesFree: 300, reservedInodes: 160 }, defaultStoreSettings)).toBe('yellow');
  expect(pressureOf({ ...space, freeBytes: 70, inodesTotal: 1000, inodesFree: 900 }, defaultStoreSettings)).toBe('orange');
  expect(inodesOf(roomy)).toBeNull();
});

test('relief ends at the green mark, and above a reserve that is larger', () => {
  expect(reliefMark(bytesOf(space), defaultStoreSettings)).toBe(200);
  expect(reliefMark(bytesOf({ ...space, reserveBytes: 400 }), defaultStoreSettings)).toBe(450);
});

test('the time to bring something back shrinks with room and never grows', () => {
  expect((['green', 'yellow', 'orange', 'red'] as const).map((pressure) => quarantineMs(pressure, defaultStoreSettings))).toEqual([hours(72), hours(24), hours(1), 0]);
  expect((['green', 'yellow', 'orange', 'red'] as const).map((pressure) => quarantineMs(pressure, { ...defaultStoreSettings, undeleteMs: 1000 }))).toEqual([1000, 1000, 1000, 0]);
});
