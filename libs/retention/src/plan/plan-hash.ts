import type { PointRef, RetentionPlan } from './retention-plan.js';

/** SHA-256 of a text as 64 hexadecimal digits; the domain has no hash of its own. */
export type HashText = (text: string) => string;

/** The part of a plan that acts. */
export type PlanActions = Pick<RetentionPlan, 'stateVersion' | 'prune' | 'purge' | 'needsApproval'>;

/**
 * Names what a plan would delete, by whom decided and from which state. Estimates and sentences stay out: they change with the weather, while the deletions are the same.
 */
export function planHashOf(plan: PlanActions, hash: HashText): string {
  const ref = ({ machineId, pointId }: PointRef): string => `${machineId}/${pointId}`;
  return hash([
    'lifeboat retention plan 1', `state ${String(plan.stateVersion)}`,
    ...plan.prune.map((point) => `prune ${ref(point)} ${point.by} ${point.code}`),
    ...plan.purge.map((point) => `purge ${ref(point)}`),
    ...plan.needsApproval.map((point) => `wait ${ref(point)} ${point.cap}`),
  ].join('\n'));
}
