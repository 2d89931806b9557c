import { Schedule } from '@lifeboat/model';
import type { RepeatStrategy } from 'bullmq';
import { nextFireMs, type Repetition } from '../schedules/next-run.js';

/** Writes a repetition into the queue's `pattern`, where {@link repeatBySchedule} finds it again before every run. */
export function patternOf({ schedule, anchorMs, key, jitterMs }: Repetition): string {
  return JSON.stringify({ schedule, anchorMs, key, jitterMs });
}

/** Computes the queue's next run by our own rules instead of the queue's: jitter by key, and clock changes as `nextRunMs` describes. */
export const repeatBySchedule: RepeatStrategy = (afterMs, options) => {
  const stored = JSON.parse(options.pattern ?? '{}') as Partial<Repetition>;
  const schedule = Schedule.parse(stored.schedule);
  if (schedule.kind === 'manual') return undefined;
  return nextFireMs({ schedule, anchorMs: Number(stored.anchorMs), key: String(stored.key), jitterMs: Number(stored.jitterMs) }, afterMs);
};
