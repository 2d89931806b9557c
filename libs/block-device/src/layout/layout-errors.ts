import { OperationalError, UserError } from '@lifeboat/model';

/** The disk claims a partition table, but no copy of it can be trusted. */
export class LayoutUnreadable extends OperationalError {
  readonly code = 'LAYOUT_UNREADABLE';
  constructor(details: { reason: string; primary?: string; backup?: string }, cause?: unknown) {
    super('the partition table of the disk cannot be read', {
      details,
      cause,
      retry: 'never',
      remedy: 'Repair the table first, e.g. with `sgdisk -e` or `gdisk`, or back up the single partitions.',
    });
  }
}

/** The partitions, with their table, need more room than the target has. */
export class TargetTooSmall extends UserError {
  readonly code = 'TARGET_TOO_SMALL';
  constructor(details: { neededBytes: number; targetBytes: number }) {
    super('the target disk is too small for these partitions', { details, remedy: 'Choose a disk of at least `neededBytes`, or restore fewer partitions.' });
  }
}

/** The target counts in another sector size and a partition would begin or end inside a sector. */
export class PartitionMisaligned extends UserError {
  readonly code = 'PARTITION_MISALIGNED';
  constructor(details: { partitionNumber: number; offsetBytes: number; lengthBytes: number; sectorBytes: number }) {
    super('a partition does not fit the sector size of the target disk', { details, remedy: 'Choose a target disk with the sector size of the original one.' });
  }
}

/** The raw table bytes of a layout do not say what its partition list says. */
export class LayoutInconsistent extends UserError {
  readonly code = 'LAYOUT_INCONSISTENT';
  constructor(reason: string, cause?: unknown) {
    super('the recorded partition table contradicts the recorded partitions', { details: { reason }, cause, remedy: 'Restore from another point, or restore single partitions.' });
  }
}
