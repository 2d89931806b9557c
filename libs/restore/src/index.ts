export { listVolumes, type DataEntry, type KnownEntry, type NumberedVolume, type RestoredRun, type VolumeSource } from './source/volume-source.js';
export { openRemoteSource, type RemoteSourceOptions } from './source/remote-source.js';
export { type RestoreTicket } from './source/read-channel.js';
export { RestoreAnswerInvalid, RestoreConnectionLost, RestoreRootMismatch, RestoreTicketRefused, RestoreTransferFailed } from './source/restore-errors.js';
export {
  type DiskRestoreOptions, type DiskRestorePlan, type PartitionFate, type PlannedVolume, type PlanRefusal, type PlanRefusalCode, type PlanStep, type RestoreMode, type TargetFacts,
} from './plan/restore-plan.js';
export { matchLayout, type LayoutMatch } from './plan/match-layout.js';
export { neededEndBytes } from './plan/needed-end.js';
export { planDiskRestore, type DiskRestoreRequest } from './plan/plan-disk-restore.js';
export { restoreDisk, type RestoreDiskOptions } from './run/restore-disk.js';
export { verifyDisk, type VerifyDiskOptions } from './run/verify-disk.js';
export { isComplete, type LostRange, type RestoreProgress, type RestoreReport } from './run/restore-report.js';
export { ReadBackMismatch, RestoreRefused } from './run/restore-errors.js';
export { inspectTarget } from './target/inspect-target.js';
export { openRestoreTarget, type OpenTarget } from './target/open-restore-target.js';
export { type ImageSource } from './image/image-source.js';
export { storeImageSource, type ImageStore } from './image/store-image-source.js';
export { imageReadBytesMax, type DiskImage, type ImageRun, type RunState, type RunStatus } from './image/disk-image.js';
export { openDiskImage, type DiskImageOptions } from './image/open-disk-image.js';
export { DiskNotInManifest } from './image/image-errors.js';
export { serveNbd, type NbdListen, type NbdServer, type NbdServerOptions } from './nbd/serve-nbd.js';
export { type NbdExport } from './nbd/nbd-export.js';
export { NbdListenFailed } from './nbd/nbd-errors.js';
export { lastingSource } from './image/lasting-source.js';
export { zeroLost, type OnRun } from './image/zero-lost.js';
export { exportDiskImage, type ExportFormat, type ExportOptions, type ExportReport } from './export/export-disk-image.js';
export { ExportFailed, ExportMismatch, ExportTargetUnusable, ExportTooLarge, ExportToolMissing } from './export/export-errors.js';
