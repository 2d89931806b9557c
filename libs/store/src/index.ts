export { type Store, type ReceivedSegment, type ReceivedPage, type StoreStats } from './store.js';
export { type FilePaths, type DamagedFile, type DamagedVolumeReader } from './damage/file-paths.js';
export { type DamageReport } from './damage/find-damaged-points.js';
export { reserveBytesFor } from './reserve/reserve-size.js';
export { type TwinReport } from './recovery/twin-report.js';
export { openStore, type OpenStoreOptions } from './open-store.js';
export { type StoreFs, type StoreFile, type StoreFileStat, type StoreSpace, type OpenMode } from './fs/store-fs.js';
export { nodeStoreFs } from './fs/node-store-fs.js';
export { scopedStoreFs } from './fs/scoped-store-fs.js';
export { writeDurably } from './fs/write-durably.js';
export { readFullyAt, writeFullyAt, readWhole, syncAndReadWhole, syncFile, syncDirectory, SyncFailed, StoreFileTooLong, type FilePlace } from './fs/file-io.js';
export { isNoSpace, errnoOf } from './fs/errno.js';
export { type ChunkIndex, type ChunkPlace, type IndexedPack, type IndexBatch } from './index/chunk-index.js';
export { MemoryChunkIndex } from './index/memory-chunk-index.js';
export { openLmdbChunkIndex } from './index/lmdb-chunk-index.js';
export { socketLocker, type StoreLock, type StoreLocker } from './lock/store-locker.js';
export { walkClosure, type ClosureVisitor, type LostPage } from './commit/walk-closure.js';
export {
  StoreLocked, NotAStore, StoreFormatNewer, StoreFileDamaged, StoreReadOnly, LedgerCorrupt, StoreFull, StoreClosed, ChunkMissing, ChunkDamaged,
  PointMissing, PointDamaged, PointClosureBroken, type MissingRange, PointExists, StoreShortRead, StoreShortWrite, StoreUnusable,
} from './errors.js';
export { type CollectGarbageOptions, type GcReport, type GcProgress, type MapRoot } from './gc/gc-options.js';
export { GcRootUnreadable, GcImplausible, GcRunning } from './gc/gc-errors.js';
export { type ScrubOptions, type ScrubReport, type ScrubProgress, type UnreadPack } from './scrub/scrub-report.js';
export { scrubDeadlineMs } from './scrub/scrub-schedule.js';
export { ScrubRunning } from './scrub/scrub-errors.js';
export { type RepairReport } from './repair/repair-report.js';
export { type Want } from './repair/wants-file.js';
export { checkStore, type CheckStoreOptions } from './fsck/check-store.js';
export { type FsckReport, type FsckDamage, type FsckFinding, type FsckFindingCode, type FsckProgress } from './fsck/fsck-report.js';
export { measureUsage, type MeasureUsageOptions, type MachineUsage, type StoreUsage, type UsageRun, type UsageSource } from './usage/measure-usage.js';
