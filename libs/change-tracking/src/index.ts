export { type Snapshot, type SnapshotProvider } from './snapshot/snapshot-provider.js';
export { LvmSnapshotProvider } from './snapshot/lvm-snapshot-provider.js';
export { SnapshotFailed, SnapshotOverflowed, SnapshotSpaceMissing } from './snapshot/snapshot-errors.js';
export { runSystemCommand, type CommandResult, type RunCommand } from './snapshot/run-command.js';
