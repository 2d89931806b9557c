import { days, hours, minutes, seconds } from '@lifeboat/model';

const units: Readonly<Record<string, (count: number) => number>> = { s: seconds, m: minutes, h: hours, d: days };

/** Milliseconds of a duration such as `90s`, `30m`, `8h` or `2d`, or null when the text is none. At most 366 days. */
export function parseDurationMs(text: string): number | null {
  const match = /^(\d{1,9})(s|m|h|d)$/.exec(text.trim());
  const toMs = units[match?.[2] ?? ''];
  if (!match || !toMs) return null;
  const durationMs = toMs(Number(match[1]));
  return durationMs <= days(366) ? durationMs : null;
}
