import { OperationalError } from '@lifeboat/model';

/** The operating system's list of disks or mounts could not be had or understood. */
export class DiskInventoryFailed extends OperationalError {
  readonly code = 'DISK_INVENTORY_FAILED';
  constructor(source: string, cause?: unknown) {
    super('the disks of this computer cannot be listed', { details: { source }, cause, retry: 'later', remedy: 'Check that util-linux is installed and that `lsblk` works, or name the disks explicitly.' });
  }
}
