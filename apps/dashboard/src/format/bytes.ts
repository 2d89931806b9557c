const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Three significant digits at most and no needless zeros after the point: 0, 7.5, 84, 3.1, 512. Values of 1,000 and more are kept whole. */
export function threeDigits(value: number): string {
  const decimals = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  const text = value.toFixed(decimals);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A byte count in IEC units with at most three significant digits: "3.1 GiB". Rounds up to the next unit where it would read 1024. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (unit < units.length - 1 && value >= 999.5) {
    value /= 1024;
    unit += 1;
  }
  return `${threeDigits(value)} ${units[unit] ?? 'B'}`;
}

/** The exact byte count for a tooltip: "3,328,599,654 bytes". */
export function exactBytes(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${wholeNumber(bytes)} bytes`;
}

/** A count with thousands separated, the same in every browser: "4,881". */
export function wholeNumber(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Speed of a transfer: "84 MiB/s". */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** A share of 0..1 as whole percent that says 100 only when all is done. */
export function formatPercent(share: number): string {
  const clamped = Math.min(1, Math.max(0, share));
  return `${String(clamped >= 1 ? 100 : Math.min(99, Math.floor(clamped * 100)))} %`;
}
