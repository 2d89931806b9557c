import type { MachineId } from '@lifeboat/model';
import { DeletionNeedsApproval, PlanStale, PointIsKept, PointUnknown } from '../errors.js';
import type { FloorCode } from '../floors/floor-codes.js';
import { floorsOf, type Floors } from '../floors/floors-of.js';
import type { RetentionState } from '../state/retention-state.js';
import { deletionCaps, type CapRef } from './deletion-caps.js';
import type { RetentionPlan } from './retention-plan.js';

/**
 * A deletion about to be carried out. `retention` is bound by every floor. An `operator` may give up history that only makes thinning gentler, as may whoever approved the request;
 * never the newest good or proven point, nor anything pinned, held, immutable, in use or kept because of an anomaly. `approved`: a second operator agreed, or 24 hours passed.
 */
export type Deletion = Readonly<{ points: readonly CapRef[]; by: 'retention' | 'operator'; approved: boolean }>;

/** Floors that an operator may pass. */
const passable: ReadonlySet<FloorCode> = new Set<FloorCode>(['FLOOR_MIN_KEEP', 'FLOOR_FIRST_OF_SIX_HOURS', 'FLOOR_BEFORE_LAYOUT_CHANGE', 'FLOOR_BEFORE_OS_CHANGE', 'FLOOR_ANOMALY_BRAKE']);

/**
 * The guard in front of every deletion, on the state as it is at that moment: plan, preview and this read the same floors and the same caps.
 *
 * @throws PointIsKept (POINT_IS_KEPT) a floor holds one of the points
 * @throws PointUnknown (POINT_UNKNOWN) one of the points is not in the state, or named twice
 * @throws DeletionNeedsApproval (DELETION_NEEDS_APPROVAL) above the caps and not approved
 */
export function assertMayDelete(state: RetentionState, nowMs: number, deletion: Deletion): void {
  const machines = new Map(state.machines.map((machine) => [machine.machineId, machine]));
  const floors = new Map<MachineId, Floors>();
  const known = new Map<MachineId, Set<string>>();
  for (const { machineId, pointId } of deletion.points) {
    const machine = machines.get(machineId);
    if (machine === undefined) throw new PointUnknown({ machineId, pointId });
    const left = known.get(machineId) ?? new Set(machine.points.map((point) => point.pointId));
    known.set(machineId, left);
    if (!left.delete(pointId)) throw new PointUnknown({ machineId, pointId });
    const ofMachine = floors.get(machineId) ?? floorsOf(machine, nowMs);
    floors.set(machineId, ofMachine);
    const reasons = (ofMachine.get(pointId) ?? []).filter(({ code }) => deletion.by === 'retention' || !passable.has(code));
    if (reasons.length > 0) throw new PointIsKept({ machineId, pointId, floors: reasons.map(({ code }) => code), reasons: reasons.map(({ text }) => text) });
  }
  if (deletion.approved) return;
  const capped = deletionCaps(state, nowMs, deletion.points);
  const [first] = capped;
  if (first !== undefined) throw new DeletionNeedsApproval({ points: capped.length, first: first.pointId, reason: first.reason });
}

/**
 * Makes sure that what is about to run is what was shown: the same deletions from the same state.
 *
 * @throws PlanStale (PLAN_STALE)
 */
export function assertSamePlan(shown: Pick<RetentionPlan, 'planHash' | 'stateVersion'>, current: RetentionPlan): void {
  if (shown.planHash === current.planHash && shown.stateVersion === current.stateVersion) return;
  throw new PlanStale({ shownHash: shown.planHash, currentHash: current.planHash, shownState: shown.stateVersion, currentState: current.stateVersion });
}
