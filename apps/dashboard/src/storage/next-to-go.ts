import type { RetentionPlanView } from '@lifeboat/protocol';

/** A point on its way out: when, how much its going frees, and why. */
export type LeavingPoint = Readonly<{ computer: string; machineId: string; id: string; createdAt: string; when: string; frees: number; why: string; note: string | null }>;

/** How far ahead the list looks beyond the next run. */
export const aheadDays = 7;

/**
 * What goes next, soonest first: what is purged or pruned at the next run, what is deleted already and still can be brought back, and what goes within seven days if nothing changes.
 *
 * @param later the plan seven days ahead, or undefined while it is not known.
 * @param momentOf a moment in words.
 */
export function leavingPoints(plan: RetentionPlanView, later: RetentionPlanView | undefined, momentOf: (at: string) => string): readonly LeavingPoint[] {
  const known = new Set<string>([...plan.prune, ...plan.purge, ...plan.condemned].map(({ id }) => id));
  return [
    ...plan.purge.map(({ uniqueBytes, reason, ...point }) => ({ ...nameOf(point), when: 'next run', frees: uniqueBytes, why: reason, note: 'already deleted' })),
    ...plan.prune.map(({ uniqueBytes, reason, needsApproval, ...point }) => ({
      ...nameOf(point), when: needsApproval === null ? 'next run' : 'after a second operator, or 24 hours', frees: uniqueBytes, why: reason, note: needsApproval === null ? null : `waits: ${needsApproval}`,
    })),
    ...(later?.prune ?? []).filter(({ id }) => !known.has(id)).map(({ uniqueBytes, reason, ...point }) => ({ ...nameOf(point), when: `within ${String(aheadDays)} days`, frees: uniqueBytes, why: reason, note: null })),
    ...plan.condemned.map((point) => ({ ...nameOf(point), when: momentOf(point.purgeAfter), frees: 0, why: 'deleted; can be brought back until then', note: 'already deleted' })),
  ];
}

function nameOf({ computer, machineId, id, createdAt }: Readonly<{ computer: string; machineId: string; id: string; createdAt: string }>): Pick<LeavingPoint, 'computer' | 'machineId' | 'id' | 'createdAt'> {
  return { computer, machineId, id, createdAt };
}

/** What deletion has marked and what room that has given back are two numbers: "3 points marked; 4 GiB wait for garbage collection". */
export function markedPoints(plan: RetentionPlanView): Readonly<{ points: number; ready: number }> {
  return { points: plan.condemned.length + plan.purge.length, ready: plan.purge.length };
}
