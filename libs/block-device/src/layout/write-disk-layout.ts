import { type DiskLayout, endOf } from '@lifeboat/model';
import type { BlockWriter } from '../device/block-writer.js';
import { PartitionMisaligned, TargetTooSmall } from './layout-errors.js';
import { planGpt } from './plan-gpt.js';
import { planMbr } from './plan-mbr.js';

/**
 * Makes the partition table of `layout` on a disk of the same, a larger or, when the partitions fit, a smaller size.
 *
 * GPT: headers are computed anew for the target (addresses, usable area, checksums); the backup is written first, then the primary, then the MBR with
 * its boot code, so that an interrupted write never leaves an MBR that promises a GPT which is not there. MBR: the recorded
 * EBRs, then the MBR. Nothing else on the disk is touched; a layout without a table writes nothing. Ends with `sync`.
 *
 * @param options.sectorBytes sector size of the table; defaults to that of a device, and to that of the layout for an image file.
 * @throws TargetTooSmall (TARGET_TOO_SMALL), PartitionMisaligned (PARTITION_MISALIGNED), LayoutInconsistent (LAYOUT_INCONSISTENT), each before the first
 *   write; BlockWriteFailed (BLOCK_WRITE_FAILED).
 * @see UEFI Specification 2.10, chapter 5.
 */
export async function writeDiskLayout(writer: BlockWriter, layout: DiskLayout, options: { sectorBytes?: number } = {}): Promise<void> {
  if (layout.table === 'none') return;
  const sectorBytes = options.sectorBytes ?? Math.max(writer.logicalSectorBytes, layout.table === 'gpt' ? layout.logicalSectorBytes : writer.logicalSectorBytes);
  assertAligned(layout, sectorBytes);
  const neededBytes = Math.max(0, ...layout.partitions.map(endOf));
  if (neededBytes > writer.sizeBytes) throw new TargetTooSmall({ neededBytes, targetBytes: writer.sizeBytes });
  const steps = layout.table === 'gpt' ? planGpt(layout, { sizeBytes: writer.sizeBytes, sectorBytes }) : await planMbr(layout, { sizeBytes: writer.sizeBytes, sectorBytes });
  for (const step of steps) {
    await writer.writeFully(step.bytes, step.offsetBytes);
    // Each step is durable before the next relies on it.
    await writer.sync();
  }
}

function assertAligned(layout: DiskLayout, sectorBytes: number): void {
  for (const { number, offsetBytes, lengthBytes } of layout.partitions) {
    if (offsetBytes % sectorBytes !== 0 || lengthBytes % sectorBytes !== 0) throw new PartitionMisaligned({ partitionNumber: number, offsetBytes, lengthBytes, sectorBytes });
  }
}
