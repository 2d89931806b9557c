export type {
  RetentionState, RetentionMachine, RetentionPoint, CondemnedPoint, DeletionApproval, ExclusiveRun, StoreSpace, Pressure, PastDeletion, ClockReading,
} from './state/retention-state.js';
export type { RetentionPlan, PointRef, KeepCode, KeepReason, KeptPoint, PruneCode, PrunedPoint, PurgedPoint, CapCode, CappedPoint } from './plan/retention-plan.js';
export { floorCodes, type FloorCode, type FloorReason } from './floors/floor-codes.js';
