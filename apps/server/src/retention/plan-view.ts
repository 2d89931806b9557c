import type { RetentionPlanView } from '@lifeboat/protocol';
import type { PointRef } from '@lifeboat/retention';
import type { MadePlan } from './retention-plans.js';

/** A plan with the names and times that people know points by. Pure. */
export function planViewOf({ plan, built }: MadePlan): RetentionPlanView {
  const { points, nameOf, state } = built;
  const named = ({ machineId, pointId }: PointRef): Readonly<{ computer: string; machineId: PointRef['machineId']; id: PointRef['pointId']; createdAt: string }> => ({
    computer: nameOf(machineId), machineId, id: pointId, createdAt: new Date(points.get(pointId)?.createdAtMs ?? 0).toISOString(),
  });
  const capped = new Map(plan.needsApproval.map((point) => [point.pointId, point.reason]));
  let cumulativeFreeBytes = Math.max(0, state.space.freeBytes);
  return {
    v: 1, planHash: plan.planHash, stateVersion: plan.stateVersion, madeAt: new Date(built.nowMs).toISOString(), pressure: plan.pressure,
    keep: plan.keep.map((point) => ({ ...named(point), reasons: point.reasons.map(({ text }) => text), codes: point.reasons.map(({ code }) => code) })),
    prune: plan.prune.map((point) => {
      cumulativeFreeBytes += point.estimatedBytes;
      return { ...named(point), reason: point.reason, code: point.code, by: point.by, uniqueBytes: point.estimatedBytes, cumulativeFreeBytes, needsApproval: capped.get(point.pointId) ?? null };
    }),
    purge: plan.purge.map((point) => ({ ...named(point), reason: point.reason, uniqueBytes: point.estimatedBytes })),
    condemned: plan.condemned.map((point) => ({ ...named(point), purgeAfter: new Date(points.get(point.pointId)?.condemned?.purgeAfterMs ?? 0).toISOString() })),
    targetBytes: plan.targetBytes, expectedFreeBytes: plan.expectedFreeBytes, shortfallBytes: plan.shortfallBytes,
  };
}
