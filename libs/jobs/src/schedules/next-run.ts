import { Cron } from 'croner';
import { minutes, type Schedule } from '@lifeboat/model';
import { jitterOf } from './jitter.js';
import { ScheduleInvalid } from './schedule-errors.js';

type CronSchedule = Extract<Schedule, { kind: 'cron' }>;
type Spread = Readonly<{ key: string; jitterMs: number }>;

/** A schedule with what is known of its runs. Times are milliseconds since 1970. */
export type RunHistory = Spread & Readonly<{ schedule: Schedule; /** Null: never ran. */ lastRunAtMs: number | null; nowMs: number }>;

/**
 * When a run is to start, its jitter included. At or before `nowMs` means that it is due, or was missed.
 *
 * `every` counts from the last run and is due at once when there was none. `cron` follows the wall clock of its time zone: a time that a
 * clock change skips runs at the first moment after the gap, a time that happens twice runs once, hourly patterns run every real hour. A run at any
 * moment after a planned time stands for it; several missed times make one run. Without a last run nothing was missed.
 *
 * @returns null for `manual`.
 * @throws ScheduleInvalid (SCHEDULE_INVALID)
 */
export function nextRunMs({ schedule, lastRunAtMs, nowMs, ...spread }: RunHistory): number | null {
  switch (schedule.kind) {
    case 'manual':
      return null;
    case 'every':
      return lastRunAtMs === null ? nowMs : lastRunAtMs + schedule.intervalMs + jitterWithin(spread, schedule.intervalMs);
    case 'cron':
      return lastRunAtMs === null ? nextFireMs({ schedule, anchorMs: nowMs, ...spread }, nowMs) : startOfPlanned(schedule, plannedAfter(schedule, lastRunAtMs), spread);
  }
}

/** Tells whether a run should start now, because its time has come or because it was missed while nothing watched. */
export function isRunDue(history: RunHistory): boolean {
  const next = nextRunMs(history);
  return next !== null && next <= history.nowMs;
}

/** A schedule that repeats by itself; `every` counts on from `anchorMs`. */
export type Repetition = Spread & Readonly<{ schedule: Exclude<Schedule, { kind: 'manual' }>; anchorMs: number }>;

/**
 * The first start after `afterMs`, jitter included.
 * @throws ScheduleInvalid (SCHEDULE_INVALID)
 */
export function nextFireMs({ schedule, anchorMs, ...spread }: Repetition, afterMs: number): number {
  if (schedule.kind === 'every') {
    const first = anchorMs + jitterWithin(spread, schedule.intervalMs);
    const repeats = Math.max(1, Math.floor((afterMs - first) / schedule.intervalMs) + 1);
    return first + repeats * schedule.intervalMs;
  }
  const pending = lastPlanned(schedule, afterMs, spread.jitterMs);
  const start = pending === undefined ? afterMs : startOfPlanned(schedule, pending, spread);
  return start > afterMs ? start : startOfPlanned(schedule, plannedAfter(schedule, afterMs), spread);
}

/**
 * The newest planned time at or before `atMs` whose start may still be to come, because jitter put it off. Jitter ends before the next
 * planned time, so only the newest matters. Looks back in doubling steps: a pattern may plan every minute or once a year.
 */
function lastPlanned(schedule: CronSchedule, atMs: number, jitterMs: number): number | undefined {
  for (let [seenMs, lookBackMs] = [0, minutes(1)]; seenMs < jitterMs; [seenMs, lookBackMs] = [lookBackMs, 2 * lookBackMs]) {
    let planned = plannedAfter(schedule, atMs - lookBackMs);
    if (planned > atMs) continue;
    for (let next = planned; next <= atMs; next = plannedAfter(schedule, planned)) planned = next;
    return planned;
  }
  return undefined;
}

/**
 * Checks a schedule before it is kept.
 * @throws ScheduleInvalid (SCHEDULE_INVALID)
 */
export function assertScheduleValid(schedule: Schedule, nowMs: number): void {
  if (schedule.kind === 'cron') plannedAfter(schedule, nowMs);
}

function startOfPlanned(schedule: CronSchedule, plannedMs: number, spread: Spread): number {
  return plannedMs + (spread.jitterMs === 0 ? 0 : jitterWithin(spread, plannedAfter(schedule, plannedMs) - plannedMs));
}

/** Jitter that never reaches the following run, however short the interval. */
function jitterWithin({ key, jitterMs }: Spread, intervalMs: number): number {
  return jitterOf(key, Math.min(jitterMs, intervalMs));
}

function plannedAfter({ pattern, timeZone }: CronSchedule, afterMs: number): number {
  const invalid = (reason: string, cause?: unknown) => new ScheduleInvalid({ pattern, timeZone, reason }, cause);
  if (pattern.startsWith('@')) throw invalid('names such as @daily are not accepted');
  let next: Date | null;
  try {
    next = new Cron(pattern, { timezone: timeZone, mode: '5-part' }).nextRun(new Date(afterMs));
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (!next) throw invalid('it never comes');
  return next.getTime();
}
