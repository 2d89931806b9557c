import fc from 'fast-check';
import { exactBytes, formatBytes, formatPercent, formatRate, wholeNumber } from './bytes.js';

describe('formatBytes', () => {
  test.each([
    [0, '0 B'], [1, '1 B'], [999, '999 B'], [1000, '0.98 KiB'], [1024, '1 KiB'], [1536, '1.5 KiB'], [1024 ** 2 * 84, '84 MiB'],
    [1024 ** 3 * 3.1, '3.1 GiB'], [1024 ** 4 * 40, '40 TiB'], [1024 ** 3 * 1023.9, '1 TiB'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test('never shows more than three significant digits, and stays within 1 % of the value', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        const [number, unit] = formatBytes(bytes).split(' ');
        expect((number ?? '').replace('.', '').replace(/^0+/, '').length).toBeLessThanOrEqual(unit === 'PiB' ? 4 : 3);
        const factor = 1024 ** ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'].indexOf(unit ?? '');
        expect(Math.abs(Number(number) * factor - bytes) / bytes).toBeLessThan(0.01);
      }),
    );
  });
});

test('exact values and rates', () => {
  expect(exactBytes(1)).toBe('1 byte');
  expect(exactBytes(3_328_599_654)).toBe('3,328,599,654 bytes');
  expect(wholeNumber(4881)).toBe('4,881');
  expect(wholeNumber(12)).toBe('12');
  expect(formatRate(84 * 1024 ** 2)).toBe('84 MiB/s');
});

test('percent reads 100 only at the end', () => {
  expect(formatPercent(0.999)).toBe('99 %');
  expect(formatPercent(1)).toBe('100 %');
  expect(formatPercent(-1)).toBe('0 %');
});
