import type { MachineId, RestorePointId } from '@lifeboat/model';
import type { DrillLevel, Verdict } from '../verdict/drill-verdict.js';

/** How often a machine is to be proven at a level, and what a drill of it takes. */
export type DrillTarget = Readonly<{
  level: DrillLevel;
  /** A proof older than this is overdue. */
  everyMs: number;
  /** What the last drills of this level took, or a guess; at least 1. */
  durationMs: number;
  /** Memory of the host that it needs while it runs. */
  memoryBytes: number;
  /** When the level was last passed; null never. */
  provenAtMs: number | null;
  /** The last try, whatever came of it; null none yet. */
  lastTry: Readonly<{ atMs: number; verdict: Verdict; pointId: RestorePointId }> | null;
  /** Tries in a row that could not judge. */
  inconclusiveInARow: number;
}>;

/** A machine as the planner sees it. */
export type DrillMachine = Readonly<{
  machineId: MachineId;
  name: string;
  /** How much worse than others it would be to be wrong about this one; 1 is usual. */
  risk: number;
  enrolledAtMs: number;
  /** What would be drilled: the newest restorable point; null when there is none. */
  newestPoint: Readonly<{ pointId: RestorePointId; createdAtMs: number }> | null;
  /** When disks or operating system last changed between two points; a proof from before it proves nothing about what came after. */
  changedAtMs: number | null;
  /** An operator asked for a proof now, e.g. before an upgrade. */
  requestedAtMs: number | null;
  targets: readonly DrillTarget[];
}>;

/** A drill that is under way. */
export type RunningDrill = Readonly<{ machineId: MachineId; level: DrillLevel; endsAtMs: number; memoryBytes: number }>;

/** What drills may use. Hours are minutes of the day in `timeZone`; a window may run over midnight. */
export type DrillBudget = Readonly<{
  workers: number;
  memoryBytes: number;
  /** No drill may run in these. */
  quietHours: readonly Readonly<{ fromMinute: number; toMinute: number }>[];
  timeZone: string;
}>;

export type DrillState = Readonly<{ machines: readonly DrillMachine[]; running: readonly RunningDrill[]; budget: DrillBudget }>;

/** A drill in the plan, with why it is there. Times are epoch milliseconds. */
export type PlannedDrill = Readonly<{
  machineId: MachineId; pointId: RestorePointId; level: DrillLevel; startAtMs: number; endAtMs: number; deadlineMs: number; memoryBytes: number;
  reason: string;
  /** It will be over after its deadline, or never fits: said now, not when it has happened. */
  late: boolean;
}>;

/** A proof that cannot be had at all, with why. */
export type ImpossibleDrill = Readonly<{ machineId: MachineId; level: DrillLevel; deadlineMs: number; code: 'NEEDS_MORE_MEMORY' | 'NO_WORKERS' | 'NO_TIME_OUTSIDE_QUIET_HOURS'; reason: string }>;

/** What the planner answers: what starts now, what comes later, and what cannot be met. Sorted by start, then deadline, then machine. */
export type DrillPlan = Readonly<{ start: readonly PlannedDrill[]; later: readonly PlannedDrill[]; impossible: readonly ImpossibleDrill[] }>;
