import type { RetentionPolicy } from '@lifeboat/model';
import type { KeepReason } from '../plan/retention-plan.js';
import type { RetentionPoint } from '../state/retention-state.js';
import type { CalendarPeriod, ZoneCalendar } from './zone-calendar.js';

/** A calendar rule of the policy: how many periods keep their newest good point. */
const periodRules = [
  { field: 'keepHourly', period: 'hour', code: 'KEEP_HOURLY', word: 'hourly' },
  { field: 'keepDaily', period: 'day', code: 'KEEP_DAILY', word: 'daily' },
  { field: 'keepWeekly', period: 'week', code: 'KEEP_WEEKLY', word: 'weekly' },
  { field: 'keepMonthly', period: 'month', code: 'KEEP_MONTHLY', word: 'monthly' },
  { field: 'keepYearly', period: 'year', code: 'KEEP_YEARLY', word: 'yearly' },
] as const satisfies readonly { field: keyof RetentionPolicy; period: CalendarPeriod; code: KeepReason['code']; word: string }[];

const maxReasons = 8;

/** Tells whether a policy has no rule at all, which means that everything stays. */
export function keepsEverything(policy: RetentionPolicy | null): boolean {
  if (policy === null) return true;
  return policy.keepLast === 0 && policy.keepWithinMs === null && periodRules.every((rule) => policy[rule.field] === 0);
}

/** What the calendar keeps is decided from. `points` are good, ascending by `seq`; `sinceMs` is the time that `keepWithinMs` counts back from. */
export type CalendarQuestion = Readonly<{ points: readonly RetentionPoint[]; policy: RetentionPolicy; calendar: ZoneCalendar; sinceMs: number }>;

/** `kept` has the points that stay with their reasons; `whyNot` says in words why a good point that is not in it fills no slot. */
export type CalendarVerdict = Readonly<{ kept: ReadonlyMap<RetentionPoint, readonly KeepReason[]>; whyNot: (point: RetentionPoint) => string }>;

/**
 * The points that the calendar rules keep, and for which rules. Each rule counts the periods that have a point and keeps the newest of each; rules add up, none takes a point from another.
 * The caller passes good points only: a damaged or suspect one never fills a slot.
 *
 * @see restic manual, "Removing snapshots according to a policy", whose points these are (its oldest snapshot for slots left over excepted).
 */
export function calendarKeeps(question: CalendarQuestion): CalendarVerdict {
  const { points, policy, calendar, sinceMs } = question;
  const kept = new Map<RetentionPoint, KeepReason[]>();
  const keep = (point: RetentionPoint, reason: KeepReason): void => {
    const reasons = kept.get(point);
    if (reasons === undefined) kept.set(point, [reason]);
    else if (reasons.length < maxReasons) reasons.push(reason);
  };
  const newestFirst = points.toReversed();
  newestFirst.slice(0, policy.keepLast).forEach((point, rank) => {
    keep(point, { code: 'KEEP_LAST', text: rank === 0 ? 'newest of the last points' : `number ${String(rank + 1)} of the last ${String(policy.keepLast)} points` });
  });
  /** The rule that reaches back farthest, by which a point that goes lost its last chance. */
  let longest: { readonly rule: (typeof periodRules)[number]; readonly taken: ReadonlySet<number> } | null = null;
  for (const rule of periodRules) {
    const slots = policy[rule.field];
    // A clock that was set back makes points of one period stand apart in the order of commits, so the periods taken are remembered.
    const taken = new Set<number>();
    if (slots > 0) longest = { rule, taken };
    for (const point of newestFirst) {
      if (taken.size >= slots) break;
      const period = calendar.periodOf(rule.period, point.createdAtMs);
      if (taken.has(period)) continue;
      taken.add(period);
      keep(point, { code: rule.code, text: `${rule.word} slot of ${calendar.nameOf(rule.period, point.createdAtMs)}` });
    }
  }
  const { keepWithinMs } = policy;
  if (keepWithinMs !== null) {
    for (const point of newestFirst) {
      if (point.createdAtMs > sinceMs - keepWithinMs) keep(point, { code: 'KEEP_WITHIN', text: `younger than ${inWords(keepWithinMs)}` });
    }
  }
  const lost = longest;
  const whyNot = (point: RetentionPoint): string => {
    if (lost === null) return policy.keepLast > 0 ? `not among the last ${String(policy.keepLast)} points` : `older than ${inWords(keepWithinMs ?? 0)}`;
    const { rule, taken } = lost;
    const name = calendar.nameOf(rule.period, point.createdAtMs);
    return taken.has(calendar.periodOf(rule.period, point.createdAtMs)) ? `the ${rule.word} slot of ${name} has a newer point` : `older than the last ${String(policy[rule.field])} ${rule.word} slots`;
  };
  return { kept, whyNot };
}

function inWords(durationMs: number): string {
  const wholeDays = durationMs / 86_400_000;
  if (wholeDays >= 1) return `${String(Math.round(wholeDays * 10) / 10)} days`;
  return `${String(Math.round(durationMs / 360_000) / 10)} hours`;
}
