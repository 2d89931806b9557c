export { GuestControlLost, GuestNotStarted, DrillToolMissing } from './errors.js';
export { qemuArguments, type GuestPlan } from './guest/guest-plan.js';
