export type {
  RetentionState, RetentionMachine, RetentionPoint, CondemnedPoint, DeletionApproval, ExclusiveRun, StoreSpace, Pressure, PastDeletion, ClockReading,
} from './state/retention-state.js';
export { assertRetentionState, assertRetentionPolicy, readRetentionPolicy } from './state/assert-retention-state.js';
export type { RetentionPlan, PointRef, KeepCode, KeepReason, KeptPoint, PruneCode, PrunedPoint, PurgedPoint, CapCode, CappedPoint } from './plan/retention-plan.js';
export { planRetention } from './plan/plan-retention.js';
export { planHashOf, type HashText, type PlanActions } from './plan/plan-hash.js';
export { assertMayDelete, assertSamePlan, type Deletion } from './plan/assert-may-delete.js';
export { deletionCaps, defaultDeletionCaps, type DeletionCaps } from './plan/deletion-caps.js';
export { floorCodes, type FloorCode, type FloorReason } from './floors/floor-codes.js';
export { floorsOf, type Floors } from './floors/floors-of.js';
export { pressureOf, quarantineMs, isAtLeast, reliefMark, bytesOf, inodesOf, type Supply } from './pressure/pressure-of.js';
export { ZoneCalendar, type CalendarPeriod } from './calendar/zone-calendar.js';
export { calendarKeeps, keepsEverything, type CalendarQuestion, type CalendarVerdict } from './calendar/calendar-keeps.js';
export {
  RetentionPolicyInvalid, TimeZoneUnknown, RetentionStateInvalid, ClockUntrusted, StoreShrank, QuotaBelowFloors, PlanStale, PointIsKept, PointUnknown, DeletionNeedsApproval,
} from './errors.js';
