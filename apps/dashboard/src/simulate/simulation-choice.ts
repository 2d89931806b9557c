import { type RetentionPolicy, type StoreSettings, days, minutes } from '@lifeboat/model';
import type { RetentionPlanView, RetentionSimulation } from '@lifeboat/protocol';
import type { PolicyDraft } from '../api/retention-actions.js';
import { wholeNumber } from '../format/bytes.js';

/** What the sliders and the form stand for; null is what is in force. */
export type SimulationChoice = Readonly<{ floorPercent: number | null; daysAhead: number; draft: PolicyDraft | null }>;

/** What the store is like now, as far as a simulation needs it. */
export type SimulationFacts = Readonly<{ settings: StoreSettings; freeBytes: number; bytesPerDay: number | null; nowMs: number }>;

export const daysAheadMax = 90;
export const floorPercentMax = 90;

/**
 * The settings with another free-space floor: below it points are thinned. The green mark, where thinning ends, stays as far above as it is, and the marks keep falling.
 */
export function settingsWithFloor(settings: StoreSettings, floorPercent: number): StoreSettings {
  const gap = settings.greenFreePercent - settings.yellowFreePercent;
  return { ...settings, yellowFreePercent: floorPercent, greenFreePercent: Math.min(floorPercentMax, floorPercent + gap), orangeFreePercent: Math.min(settings.orangeFreePercent, floorPercent) };
}

/** The settings a choice would save, or null when it changes none. */
export function settingsOf(choice: SimulationChoice, settings: StoreSettings): StoreSettings | null {
  return choice.floorPercent === null || choice.floorPercent === settings.yellowFreePercent ? null : settingsWithFloor(settings, choice.floorPercent);
}

/** What to ask the server. Ahead of time the store is taken to grow as it did; now is left to the server, whose clock counts. */
export function simulationOf(choice: SimulationChoice, facts: SimulationFacts): RetentionSimulation {
  const settings = settingsOf(choice, facts.settings);
  const grown = Math.max(0, facts.bytesPerDay ?? 0) * choice.daysAhead;
  const ahead = choice.daysAhead === 0 ? {} : { at: facts.nowMs - (facts.nowMs % minutes(10)) + days(choice.daysAhead), freeBytes: Math.max(0, Math.round(facts.freeBytes - grown)) };
  return { ...ahead, ...(choice.draft === null ? {} : { draft: choice.draft }), ...(settings === null ? {} : { settings }) };
}

/** Whether two plans delete the same points, whatever their order. */
export function deletesSame(one: RetentionPlanView, other: RetentionPlanView): boolean {
  const ids = (plan: RetentionPlanView): string => [...plan.prune, ...plan.purge].map(({ id }) => id).sort().join(' ');
  return ids(one) === ids(other);
}

/** A guard rail that holds points back which would go otherwise. */
export type GuardRail = Readonly<{ code: string; text: string; points: number }>;

/**
 * The guard rails that were hit: each with how many points it holds, alone or with others; most first. While room is wanted rules of a policy hold nothing back, so every point on a guard rail counts; else
 * only those that no rule wants.
 */
export function guardRails(plan: RetentionPlanView): readonly GuardRail[] {
  const found = new Map<string, { text: string; points: number }>();
  for (const point of plan.keep) {
    if (plan.targetBytes === 0 && !point.codes.every(isGuardRail)) continue;
    for (const [place, code] of point.codes.entries()) {
      if (!isGuardRail(code)) continue;
      const rail = found.get(code) ?? { text: point.reasons[place] ?? code, points: 0 };
      rail.points += 1;
      found.set(code, rail);
    }
  }
  return [...found].map(([code, rail]) => ({ code, ...rail })).sort((a, b) => b.points - a.points || a.code.localeCompare(b.code));
}

const isGuardRail = (code: string): boolean => code.startsWith('FLOOR_');
const points = (count: number): string => `${wholeNumber(count)} ${count === 1 ? 'point' : 'points'}`;

/** What a plan deletes: "41 points go". */
export function planSentence(plan: RetentionPlanView): string {
  const waiting = plan.prune.filter(({ needsApproval }) => needsApproval !== null).length;
  if (plan.prune.length === 0) return 'No point goes';
  return `${points(plan.prune.length)} ${plan.prune.length === 1 ? 'goes' : 'go'}${waiting === 0 ? '' : `, ${wholeNumber(waiting)} of them after a second operator or 24 hours`}`;
}

/** How a draft differs from what is in force: "Today’s policy vs draft: 41 more deleted, 3 kept". */
export function differenceSentence(compared: Readonly<{ today: RetentionPlanView | null; moreDeleted: number; moreKept: number }>): string {
  if (compared.today === null) return 'Nothing differs from what is in force';
  return `Today’s policy vs draft: ${wholeNumber(compared.moreDeleted)} more deleted, ${wholeNumber(compared.moreKept)} kept`;
}

/** Why a plan cannot be applied as it is, or null when it can. */
export function whyNotApply(choice: SimulationChoice, plan: RetentionPlanView, settings: StoreSettings): string | null {
  if (choice.daysAhead > 0) return 'Only what goes now can be applied: set the days ahead to 0.';
  if (plan.prune.length === 0 && plan.purge.length === 0 && choice.draft === null && settingsOf(choice, settings) === null) return 'There is nothing to apply: no point goes, and nothing differs from what is in force.';
  return null;
}

/** Rules of a policy in the address; anything that is none is dropped by its schema. */
export type SimulationSearch = Readonly<{ floor?: number | undefined; days?: number | undefined; scope?: PolicyDraft['scope'] | undefined; rules?: RetentionPolicy | undefined }>;

/** What an address stands for. */
export function choiceOf(search: SimulationSearch): SimulationChoice {
  return { floorPercent: search.floor ?? null, daysAhead: search.days ?? 0, draft: search.scope === undefined || search.rules === undefined ? null : { scope: search.scope, policy: search.rules } };
}
