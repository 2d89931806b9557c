import { DateTime } from 'luxon';
import type { DrillBudget } from './drill-state.js';

/** A stretch of time in which no drill may run; end is exclusive. */
export type QuietStretch = Readonly<{ fromMs: number; toMs: number }>;

/**
 * The quiet stretches that touch [fromMs, toMs), sorted and merged. Windows are given as minutes of the local day, so a change of the clock moves their ends as it
 * moves everybody's. Pure; cost linear in days.
 */
export function quietStretches(budget: Pick<DrillBudget, 'quietHours' | 'timeZone'>, fromMs: number, toMs: number): QuietStretch[] {
  if (budget.quietHours.length === 0) return [];
  const found: QuietStretch[] = [];
  const first = DateTime.fromMillis(fromMs, { zone: budget.timeZone }).startOf('day').minus({ days: 1 });
  for (let day = first; day.toMillis() < toMs; day = day.plus({ days: 1 })) {
    for (const { fromMinute, toMinute } of budget.quietHours) {
      const start = atMinute(day, fromMinute);
      const end = atMinute(toMinute > fromMinute ? day : day.plus({ days: 1 }), toMinute);
      if (end > fromMs && start < toMs && end > start) found.push({ fromMs: start, toMs: end });
    }
  }
  return merge(found.sort((a, b) => a.fromMs - b.fromMs));
}

function atMinute(day: DateTime, minute: number): number {
  return minute >= 1440 ? day.plus({ days: 1 }).startOf('day').toMillis() : day.set({ hour: Math.floor(minute / 60), minute: minute % 60 }).toMillis();
}

function merge(sorted: readonly QuietStretch[]): QuietStretch[] {
  const merged: QuietStretch[] = [];
  for (const stretch of sorted) {
    const last = merged.at(-1);
    if (last && stretch.fromMs <= last.toMs) merged[merged.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, stretch.toMs) };
    else merged.push(stretch);
  }
  return merged;
}
