import { days, formatAge, hours } from '@lifeboat/model';
import type { DrillMachine, DrillTarget } from './drill-state.js';
import type { MachineId, RestorePointId } from '@lifeboat/model';
import type { DrillLevel } from '../verdict/drill-verdict.js';

/** A machine that was never proven gets its first proof within so long of its first point. */
const firstProofMs: Readonly<Record<DrillLevel, number>> = { 1: hours(24), 2: hours(24), 3: hours(24), 4: days(7), 5: days(7) };
/** After a change of disks or operating system the next point is proven anew within so long. */
const changedProofMs = hours(24);
/** A try that could not judge is made again after so long, twice as long each time, at most a day. */
const retryMs = hours(1);

/** A drill that is wanted: not before `releaseMs`, over by `deadlineMs`. */
export type Demand = Readonly<{
  machineId: MachineId; pointId: RestorePointId; level: DrillLevel; durationMs: number; memoryBytes: number; risk: number; releaseMs: number; deadlineMs: number; reason: string;
}>;

/**
 * What is wanted of a machine at one level; undefined when nothing can be gained: there is no point, or this very point has failed already and only a new one can
 * pass. Pure.
 */
export function demandOf(machine: DrillMachine, target: DrillTarget, nowMs: number): Demand | undefined {
  const { newestPoint } = machine;
  if (!newestPoint) return undefined;
  const { lastTry } = target;
  if (lastTry?.verdict === 'failed' && lastTry.pointId === newestPoint.pointId && (machine.requestedAtMs ?? 0) <= lastTry.atMs) return undefined;
  const due = dueOf(machine, target, newestPoint.createdAtMs);
  const notBefore = lastTry?.verdict === 'inconclusive' ? lastTry.atMs + retryAfter(target.inconclusiveInARow) : 0;
  return {
    machineId: machine.machineId, pointId: newestPoint.pointId, level: target.level, durationMs: Math.max(1, target.durationMs), memoryBytes: target.memoryBytes, risk: machine.risk,
    releaseMs: Math.max(due.releaseMs, notBefore), deadlineMs: due.deadlineMs, reason: describe(target, due, nowMs),
  };
}

type Due = Readonly<{ releaseMs: number; deadlineMs: number; why: 'requested' | 'changed' | 'never' | 'age' }>;

function dueOf(machine: DrillMachine, target: DrillTarget, pointCreatedAtMs: number): Due {
  const { requestedAtMs, changedAtMs } = machine;
  const { provenAtMs } = target;
  if (requestedAtMs !== null && (provenAtMs ?? 0) < requestedAtMs) return { releaseMs: requestedAtMs, deadlineMs: requestedAtMs + target.durationMs, why: 'requested' };
  if (provenAtMs === null) return { releaseMs: pointCreatedAtMs, deadlineMs: Math.max(machine.enrolledAtMs, pointCreatedAtMs) + Math.min(firstProofMs[target.level], target.everyMs), why: 'never' };
  if (changedAtMs !== null && provenAtMs < changedAtMs) return { releaseMs: changedAtMs, deadlineMs: changedAtMs + Math.min(changedProofMs, target.everyMs), why: 'changed' };
  // The second half of the interval is free for spreading the fleet; earlier proofs would only be wasted.
  return { releaseMs: provenAtMs + target.everyMs / 2, deadlineMs: provenAtMs + target.everyMs, why: 'age' };
}

function retryAfter(inARow: number): number {
  return Math.min(days(1), retryMs * 2 ** Math.max(0, inARow - 1));
}

function describe(target: DrillTarget, due: Due, nowMs: number): string {
  const again = target.inconclusiveInARow > 0 ? `; the last ${String(target.inconclusiveInARow)} could not judge` : '';
  const late = nowMs > due.deadlineMs ? `, overdue by ${formatAge(nowMs - due.deadlineMs)}` : '';
  switch (due.why) {
    case 'requested':
      return `asked for by an operator${again}`;
    case 'changed':
      return `disks or operating system changed since the last proof${late}${again}`;
    case 'never':
      return `never proven at level ${String(target.level)}${late}${again}`;
    case 'age':
      return `the last proof at level ${String(target.level)} is ${formatAge(nowMs - (target.provenAtMs ?? nowMs))} old${late}${again}`;
  }
}
