import { days, formatAge, hours, minutes, seconds } from '@lifeboat/model';

/** How long ago, for lists: "just now", "12 min ago", "3 d 4 h ago". A moment ahead of the clock counts as now. */
export function formatAgo(atMs: number, nowMs: number): string {
  const ageMs = Math.max(0, nowMs - atMs);
  return ageMs < minutes(1) ? 'just now' : `${formatAge(ageMs)} ago`;
}

/** A length of time that was measured, to the second below an hour: "0:07", "12:40", "3 h 5 min". */
export function formatDuration(durationMs: number): string {
  const whole = Math.max(0, Math.round(durationMs / seconds(1)));
  if (whole >= 3600) return `${String(Math.floor(whole / 3600))} h ${String(Math.floor((whole % 3600) / 60))} min`;
  return `${String(Math.floor(whole / 60))}:${String(whole % 60).padStart(2, '0')}`;
}

/** A target or interval in words: "24 h", "14 d", "90 min". Whole days only from two days on, as people say "24 h". */
export function formatSpan(spanMs: number): string {
  if (spanMs >= days(2) && spanMs % days(1) === 0) return `${String(spanMs / days(1))} d`;
  if (spanMs % hours(1) === 0) return `${String(spanMs / hours(1))} h`;
  return `${String(Math.round(spanMs / minutes(1)))} min`;
}

/**
 * Time left as a range, since an estimate is one: "under a minute", "about 9–14 min", "about 3–4 h".
 * Hidden (null) in the first 30 seconds and below 2 %, where it would only be noise.
 */
export function formatTimeLeft(job: Readonly<{ etaMs: number | null; runningMs: number; share: number }>): string | null {
  if (job.etaMs === null || job.runningMs < seconds(30) || job.share < 0.02) return null;
  if (job.etaMs < minutes(1)) return 'under a minute';
  const [unitMs, unit] = job.etaMs >= hours(2) ? [hours(1), 'h'] : [minutes(1), 'min'];
  const low = Math.max(1, Math.floor((job.etaMs * 0.85) / unitMs));
  const high = Math.max(low + 1, Math.ceil((job.etaMs * 1.25) / unitMs));
  return `about ${String(low)}–${String(high)} ${unit}`;
}

/** The absolute moment with its zone, for tooltips: "Sat 14 Nov 2026, 02:10 GMT+1". */
export function formatMoment(atMs: number): string {
  return new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' }).format(atMs);
}

/** The moment as lists show it: "14 Nov 02:10", with the year when it is not this one. */
export function formatShortMoment(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const sameYear = at.getFullYear() === new Date(nowMs).getFullYear();
  const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' as const }) }).format(at);
  return `${day} ${new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' }).format(at)}`;
}

/** Start of the local day that holds `nowMs`; what "today" means on the page. */
export function startOfDay(nowMs: number): number {
  return new Date(nowMs).setHours(0, 0, 0, 0);
}
