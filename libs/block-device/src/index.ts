export { type BlockReader } from './device/block-reader.js';
export { type BlockWriter } from './device/block-writer.js';
export { openBlockReader } from './device/open-block-reader.js';
export { openBlockWriter } from './device/open-block-writer.js';
export { type BlockGeometry, readBlockGeometry } from './device/block-geometry.js';
export { subReader } from './device/sub-reader.js';
export { findUnreadable } from './device/find-unreadable.js';
export { pageAlignedBuffer } from './device/page-aligned-buffer.js';
export {
  BlockDeviceBusy, BlockPathExists, BlockPathForbidden, BlockPathIsDirectory, BlockPathMissing, BlockPathUnsupported, BlockReadFailed, BlockWriteFailed, DeviceShrank,
  ShortRead, UnreadableSectors,
} from './device/device-errors.js';
export { readDiskLayout } from './layout/read-disk-layout.js';
export { LayoutInconsistent, LayoutUnreadable, PartitionMisaligned, TargetTooSmall } from './layout/layout-errors.js';
export { writeDiskLayout } from './layout/write-disk-layout.js';
export { type DetectedChild, type DetectedDisk, listDisks } from './inventory/list-disks.js';
export { type Mount, findMounts } from './inventory/find-mounts.js';
export { DiskInventoryFailed } from './inventory/inventory-errors.js';
export { rereadPartitionTable } from './layout/reread-partition-table.js';
