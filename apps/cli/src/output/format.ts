import { days, GIB, hours, KIB, MIB, minutes, seconds, TIB } from '@lifeboat/model';

/** A byte count in IEC units with three significant digits at most: `0 B`, `812 KiB`, `1.4 GiB`. */
export function formatBytes(bytes: number): string {
  for (const [unit, name] of [[TIB, 'TiB'], [GIB, 'GiB'], [MIB, 'MiB'], [KIB, 'KiB']] as const) {
    if (bytes >= unit) return `${(bytes / unit).toFixed(bytes / unit < 10 ? 1 : 0)} ${name}`;
  }
  return `${String(bytes)} B`;
}

/** A duration in the two units that matter: `3 d 4 h`, `2 min 5 s`, `0.4 s`. */
export function formatDuration(durationMs: number): string {
  const parts: string[] = [];
  let rest = durationMs;
  for (const [unit, name] of [[days(1), 'd'], [hours(1), 'h'], [minutes(1), 'min'], [seconds(1), 's']] as const) {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    if (count > 0) parts.push(`${String(count)} ${name}`);
    if (parts.length === 2) break;
  }
  return parts.length > 0 ? parts.join(' ') : `${(durationMs / 1000).toFixed(1)} s`;
}

/** How long ago an ISO time was, as seen from `nowMs`; `never` for null. */
export function formatAgo(isoTime: string | null, nowMs: number): string {
  if (isoTime === null) return 'never';
  const ageMs = nowMs - Date.parse(isoTime);
  return ageMs < seconds(1) ? 'just now' : `${formatDuration(ageMs).split(' ').slice(0, 2).join(' ')} ago`;
}

/** An id as people read it; every command takes such a prefix. */
export const shortId = (id: string): string => id.slice(0, 12);

/** Text from machines for a terminal: control characters could move the cursor or change colours. */
export const printable = (text: string): string => text.replaceAll(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');

const percentMax = 100;

/** `42 %` of a whole; 100 % for an empty one. */
export const formatShare = (part: number, whole: number): string => `${String(whole === 0 ? percentMax : Math.floor((part / whole) * percentMax))} %`;

/** Text as one word of a shell command that a person may copy. */
export const quoted = (text: string): string => (/^[\w./:@%+=-]+$/.test(text) ? text : `'${printable(text).replaceAll("'", String.raw`'\''`)}'`);
