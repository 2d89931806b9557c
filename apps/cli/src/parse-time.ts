import { Usage } from './cli-errors.js';
import { parseDuration } from './parse-duration.js';

/**
 * Milliseconds since 1970 of a time as people type it: ISO 8601 such as `2026-12-24` or `2026-12-24T18:00Z`, or `+7d` for so long from now.
 * @throws Usage (USAGE) anything else.
 */
export function parseTime(text: string, nowMs: number): number {
  if (text.startsWith('+')) return nowMs + parseDuration(text.slice(1));
  const timeMs = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(timeMs)) throw new Usage(`"${text}" is no time`, 'Write it like 2026-12-24, 2026-12-24T18:00Z or +7d.');
  return timeMs;
}
