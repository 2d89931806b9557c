export { drillSteps, judgeDrill, recoveryPointAgeMs, type CheckResult, type DrillLevel, type DrillStep, type DrillVerdict, type Verdict } from './verdict/drill-verdict.js';
export { classifyBoot, isSettled, provesBoot, type BootEvidence, type BootJudgement, type BootState } from './boot/classify-boot.js';
export { dueDrills } from './plan/due-drills.js';
export {
  type DrillBudget, type DrillMachine, type DrillPlan, type DrillState, type DrillTarget, type ImpossibleDrill, type PlannedDrill, type RunningDrill,
} from './plan/drill-state.js';
