export { GuestControlLost, GuestNotStarted, DrillToolMissing } from './errors.js';
export { qemuArguments, type Accelerator, type DiskBus, type Firmware, type GuestDisk, type GuestPlan } from './guest/guest-plan.js';
export { Guest, type GuestEnd, type GuestLimits } from './guest/start-guest.js';
export { bootDisk, type BootReport, type BootTask, type Screenshot } from './boot/boot-disk.js';
export { readScreenWithTesseract, type ReadScreen } from './boot/read-screen.js';
