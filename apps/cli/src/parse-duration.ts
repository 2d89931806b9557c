import { days, hours, minutes, seconds } from '@lifeboat/model';
import { Usage } from './cli-errors.js';

const unitsMs: Readonly<Record<string, number>> = { s: seconds(1), m: minutes(1), min: minutes(1), h: hours(1), d: days(1), w: days(7) };

/**
 * Milliseconds of a duration as people type it: `90s`, `10m`, `4h`, `1h30m`, `2d`, `1w`.
 * @throws Usage (USAGE) anything else.
 */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d{1,9})(min|[smhdw])/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) throw new Usage(`"${text}" is no duration`, 'Write it like 90s, 10m, 4h, 1h30m or 2d.');
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitsMs[unit ?? ''] ?? 0), 0);
}
