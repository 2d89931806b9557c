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
export {
  stepTrustedClock, confirmClock, resumeClock, anchorOf, expiryNowMs, immutableFromMs, clockReading, type TrustedClock, type ClockSample, type ClockClaim, type ClockAnchor,
} from './clock/trusted-clock.js';
export { judgeChange, type ChangeSample, type ChangeVerdict } from './anomaly/judge-change.js';
export { forecastSpace, type SpaceSample, type ForecastQuestion, type SpaceForecast, type FullDates, type BackTest, type ForecastReason } from './forecast/forecast-space.js';
export { retentionPresets, type RetentionPreset, type PresetName } from './policy/presets.js';
export { effectivePolicy, type ScopedPolicy, type EffectivePolicy, type EffectiveField, type PolicyOrigin, type PolicySubject } from './policy/effective-policy.js';
export { adviseTarget, type TargetFacts, type TargetAdvice, type TargetAdviceCode, type ProtectedMachine, type FilesystemSample } from './target/advise-target.js';
export { simulateRetention, withDraft, type RetentionDraft, type SimulationOptions, type RetentionSimulation, type SimulatedPrune, type SimulatedDay } from './simulation/simulate-retention.js';
export { diffPlans, blastRadius, type PlanDifference, type BlastRadius } from './simulation/diff-plans.js';
