import type { MachineId, RestorePointId } from '@lifeboat/model';
import type { FloorCode } from '../floors/floor-codes.js';
import type { Pressure } from '../state/retention-state.js';

/** Names a point together with its machine. */
export type PointRef = Readonly<{ machineId: MachineId; pointId: RestorePointId }>;

/** Why a point stays. The codes are stable; the text is for people and names months, ranks and machines. */
export type KeepCode =
  | FloorCode | 'KEEP_LAST' | 'KEEP_HOURLY' | 'KEEP_DAILY' | 'KEEP_WEEKLY' | 'KEEP_MONTHLY' | 'KEEP_YEARLY' | 'KEEP_WITHIN'
  | 'KEEP_EVERYTHING' | 'KEEP_NEWER_THAN_GOOD' | 'KEEP_NO_GOOD_POINT' | 'KEEP_FROM_THE_FUTURE';
export type KeepReason = Readonly<{ code: KeepCode; text: string }>;

/** Why a point goes. */
export type PruneCode = 'PRUNE_NO_SLOT' | 'PRUNE_NOT_GOOD' | 'PRUNE_PRESSURE_DAMAGED' | 'PRUNE_PRESSURE_APPROVED' | 'PRUNE_PRESSURE_DENSEST';

/** A point that stays and every reason for it, floors first. */
export type KeptPoint = PointRef & Readonly<{ reasons: readonly KeepReason[] }>;

/** A point to condemn. `estimatedBytes` is what its purge adds to what the ones before it in the list free; never too much. */
export type PrunedPoint = PointRef & Readonly<{ code: PruneCode; reason: string; by: 'calendar' | 'pressure' | 'damage'; estimatedBytes: number }>;

/** A condemned point whose time to be brought back is over at this pressure. */
export type PurgedPoint = PointRef & Readonly<{ reason: string; estimatedBytes: number }>;

/** Why a deletion waits for a second operator or 24 hours. */
export type CapCode = 'CAP_MACHINE_SHARE' | 'CAP_STORE_SHARE' | 'CAP_YOUNG';
export type CappedPoint = PointRef & Readonly<{ cap: CapCode; reason: string }>;

/** What retention would do now. Every committed point is in exactly one of `keep`, `prune`, `purge` and `condemned`. */
export type RetentionPlan = Readonly<{
  /** Names what would be deleted from which state: equal plans of equal states have equal hashes. */
  planHash: string;
  stateVersion: number;
  pressure: Pressure;
  keep: readonly KeptPoint[];
  /** In the order in which they go. */
  prune: readonly PrunedPoint[];
  purge: readonly PurgedPoint[];
  /** Condemned before, can still be brought back. */
  condemned: readonly PointRef[];
  /** Bytes that pressure wants freed beyond what calendar, condemned points and running garbage collection free; 0 without pressure. */
  targetBytes: number;
  /** Free bytes when the plan is done and running sessions have written what they reserved. */
  expectedFreeBytes: number;
  /** Bytes that floors keep the plan from freeing; above 0 new backups are parked when room is red. */
  shortfallBytes: number;
  /** The same of inodes. */
  shortfallInodes: number;
  /** The part of `prune` that must wait; the rest may go at once. */
  needsApproval: readonly CappedPoint[];
}>;
