import { days, type MachineId } from '@lifeboat/model';
import type { RetentionPoint, RetentionState } from '../state/retention-state.js';
import { pressureOf } from '../pressure/pressure-of.js';
import type { CappedPoint, PointRef, PrunedPoint } from './retention-plan.js';

/** What may go within a day without a second operator: shares of the points there were when the day began. */
export type DeletionCaps = Readonly<{ machinePercent: number; storePercent: number; youngMs: number }>;

export const defaultDeletionCaps: DeletionCaps = { machinePercent: 20, storePercent: 5, youngMs: days(7) };

const dayMs = days(1);
/** How many points count, and how many of them go. */
type Budget = { points: number; used: number };

/** A deletion to be weighed; `by` where retention chose it. */
export type CapRef = PointRef & Readonly<{ by?: PrunedPoint['by'] }>;

/**
 * Says which of these deletions must wait for a second operator or 24 hours, in the order given: those of points younger than 7 days, and those beyond 20 % of the machine's or 5 % of all points,
 * counting what went in the last 24 hours. Deletions that were granted already pass and count nowhere. Where room is red, what pressure chose goes at once and counts:
 * else every backup would wait a day for history that the floors do not keep.
 *
 * @param refs points of `state`; unknown ones count as old.
 */
export function deletionCaps(state: RetentionState, nowMs: number, refs: readonly CapRef[]): CappedPoint[] {
  const caps = state.settings.deletionCaps ?? defaultDeletionCaps;
  const machines = new Map(state.machines.map((machine) => [machine.machineId, machine]));
  const budgets = new Map<MachineId, Budget>();
  const store: Budget = { points: 0, used: 0 };
  for (const { machineId, points } of state.machines) {
    let alive = 0;
    for (const point of points) if (point.condemned === null) alive += 1;
    budgets.set(machineId, { points: alive, used: 0 });
    store.points += alive;
  }
  for (const { machineId, atMs } of state.pastDeletions) {
    if (atMs <= nowMs - dayMs) continue;
    for (const budget of [budgets.get(machineId), store]) {
      if (budget === undefined) continue;
      budget.points += 1;
      budget.used += 1;
    }
  }
  const pointsOf = new Map<MachineId, Map<string, RetentionPoint>>();
  const isRed = pressureOf(state.space, state.settings, state.pressureBefore) === 'red';
  const capped: CappedPoint[] = [];
  for (const { machineId, pointId, by } of refs) {
    let points = pointsOf.get(machineId);
    if (points === undefined) {
      points = new Map((machines.get(machineId)?.points ?? []).map((point) => [point.pointId, point]));
      pointsOf.set(machineId, points);
    }
    const point = points.get(pointId);
    if (point?.approval === 'granted') continue;
    const budget = budgets.get(machineId) ?? { points: 0, used: 0 };
    const over = isRed && by === 'pressure' ? null : point !== undefined && nowMs - point.createdAtMs < caps.youngMs
      ? { cap: 'CAP_YOUNG' as const, reason: `younger than ${String(caps.youngMs / dayMs)} days` }
      : overShare({ budget, store, caps });
    if (over === null) {
      budget.used += 1;
      store.used += 1;
    } else {
      capped.push({ machineId, pointId, ...over });
    }
  }
  return capped;
}

function overShare({ budget, store, caps }: Readonly<{ budget: Budget; store: Budget; caps: DeletionCaps }>): Pick<CappedPoint, 'cap' | 'reason'> | null {
  if ((budget.used + 1) * 100 > budget.points * caps.machinePercent) return { cap: 'CAP_MACHINE_SHARE', reason: `more than ${String(caps.machinePercent)} % of the machine's points in one day` };
  if ((store.used + 1) * 100 > store.points * caps.storePercent) return { cap: 'CAP_STORE_SHARE', reason: `more than ${String(caps.storePercent)} % of all points in one day` };
  return null;
}
