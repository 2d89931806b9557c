import type { MachineId } from '@lifeboat/model';
import type { HashText } from '../plan/plan-hash.js';
import type { PointRef } from '../plan/retention-plan.js';
import type { RetentionState } from '../state/retention-state.js';
import { simulateRetention, withDraft, type RetentionDraft, type SimulatedPrune } from './simulate-retention.js';

/** How two plans differ: what only the second deletes, and what only the first does. */
export type PlanDifference<T extends PointRef> = Readonly<{ moreGo: readonly T[]; nowStay: readonly T[] }>;

/** Compares what today's policy deletes with what a draft would. Takes the `prune` of plans or the `goes` of simulations; the order of each list stays. */
export function diffPlans<T extends PointRef>(today: readonly T[], draft: readonly T[]): PlanDifference<T> {
  const todays = new Set(today.map(keyOf));
  const drafts = new Set(draft.map(keyOf));
  return { moreGo: draft.filter((point) => !todays.has(keyOf(point))), nowStay: today.filter((point) => !drafts.has(keyOf(point))) };
}

/** What a change of policy would do. */
export type BlastRadius = Readonly<{
  /** Machines whose policy changes. */
  machines: readonly MachineId[];
  /** Points that would go within `daysAhead` and would not without the change. */
  moreGo: readonly SimulatedPrune[];
  /** Points that would have gone and stay. */
  nowStay: readonly SimulatedPrune[];
  /** Bytes that `moreGo` frees, by the estimate of the simulation. */
  freedBytes: number;
  daysAhead: number;
}>;

const blastDays = 7;

/** Says before a change takes effect which machines it reaches and which points it would cost in seven days. Simulates twice. */
export function blastRadius(state: RetentionState, nowMs: number, change: Readonly<{ draft: RetentionDraft; hash: HashText }>): BlastRadius {
  const { draft, hash } = change;
  const before = simulateRetention(state, nowMs, { daysAhead: blastDays, hash });
  const after = simulateRetention(state, nowMs, { daysAhead: blastDays, draft, hash });
  const { moreGo, nowStay } = diffPlans(before.goes, after.goes);
  const changed = withDraft(state, draft).machines;
  const machines = state.machines.filter(({ policy }, index) => JSON.stringify(policy) !== JSON.stringify(changed[index]?.policy)).map(({ machineId }) => machineId);
  return { machines, moreGo, nowStay, freedBytes: moreGo.reduce((sum, point) => sum + point.estimatedBytes, 0), daysAhead: blastDays };
}

function keyOf({ machineId, pointId }: PointRef): string {
  return `${machineId}/${pointId}`;
}
