import { type Extent, OperationalError, UserError } from '@lifeboat/model';

/** Extents named in `details` of an error; the error object itself carries all of them. */
const EXTENTS_IN_DETAILS_MAX = 20;

/** The path of a disk or image does not exist. */
export class BlockPathMissing extends UserError {
  readonly code = 'BLOCK_PATH_MISSING';
  constructor(path: string, cause?: unknown) {
    super('there is no disk or image file at this path', { details: { path }, cause, remedy: 'Check the spelling; `lsblk` lists the disks of this computer.' });
  }
}

/** The path names a directory. */
export class BlockPathIsDirectory extends UserError {
  readonly code = 'BLOCK_PATH_IS_DIRECTORY';
  constructor(path: string) {
    super('this path is a directory, not a disk or an image file', { details: { path }, remedy: 'Name a block device such as /dev/sda, or an image file.' });
  }
}

/** The path names something that is neither a block device nor a regular file. */
export class BlockPathUnsupported extends UserError {
  readonly code = 'BLOCK_PATH_UNSUPPORTED';
  constructor(path: string, reason: string) {
    super('this path is neither a block device nor a regular file', { details: { path, reason }, remedy: 'Name a block device such as /dev/sda, or an image file.' });
  }
}

/** The operating system refuses access to the path. */
export class BlockPathForbidden extends UserError {
  readonly code = 'BLOCK_PATH_FORBIDDEN';
  constructor(path: string, cause?: unknown) {
    super('this disk or image file may not be opened', { details: { path }, cause, remedy: 'Run as root, or give the user the right to open it; a read-only device cannot be written.' });
  }
}

/** A new image file was wanted where something exists already. */
export class BlockPathExists extends UserError {
  readonly code = 'BLOCK_PATH_EXISTS';
  constructor(path: string, cause?: unknown) {
    super('there is something at this path already', { details: { path }, cause, remedy: 'Choose another path or remove the file first.' });
  }
}

/** The kernel uses the device or a partition of it: mounted, swap, RAID, LVM or another exclusive user. */
export class BlockDeviceBusy extends UserError {
  readonly code = 'BLOCK_DEVICE_BUSY';
  constructor(path: string, cause?: unknown) {
    super('this device is in use and must not be overwritten', { details: { path }, cause, remedy: 'Unmount its filesystems, turn its swap off and stop LVM or RAID on it first.' });
  }
}

/** The device became smaller, or went away, after it was opened. */
export class DeviceShrank extends OperationalError {
  readonly code = 'DEVICE_SHRANK';
  constructor(details: { path: string; offsetBytes: number; openedSizeBytes: number; currentSizeBytes: number }) {
    super('the disk became smaller while it was read', { details, retry: 'later', remedy: 'Check cables and the medium, then start the backup again; nothing was committed.' });
  }
}

/** The device returned no bytes although the wanted ones lie inside its size. */
export class ShortRead extends OperationalError {
  readonly code = 'SHORT_READ';
  constructor(details: { path: string; offsetBytes: number; wantedBytes: number; filledBytes: number }) {
    super('the disk returned fewer bytes than it holds', { details, retry: 'later', remedy: 'Start the backup again; if it stays, check the medium.' });
  }
}

/** Some sectors cannot be read. All other wanted bytes were delivered. */
export class UnreadableSectors extends OperationalError {
  readonly code = 'UNREADABLE_SECTORS';
  /** What could not be read: sorted, merged, relative to the reader whose `readFully` threw, cut to the wanted bytes. */
  readonly extents: readonly Extent[];
  readonly path: string;
  constructor(details: { path: string; extents: readonly Extent[] }, cause?: unknown) {
    super('some sectors of the disk cannot be read', {
      details: {
        path: details.path,
        extentCount: details.extents.length,
        extents: details.extents.slice(0, EXTENTS_IN_DETAILS_MAX).map((extent) => `${String(extent.offsetBytes)}+${String(extent.lengthBytes)}`),
      },
      cause,
      retry: 'never',
      remedy: 'Replace the disk; the backup records these places as unreadable instead of making up zeros.',
    });
    this.extents = details.extents;
    this.path = details.path;
  }
}

/** Reading failed for a reason other than bad sectors. */
export class BlockReadFailed extends OperationalError {
  readonly code = 'BLOCK_READ_FAILED';
  constructor(details: { path: string; offsetBytes: number; reason: string }, cause?: unknown) {
    super('the disk cannot be read', { details, cause, retry: 'later', remedy: 'Check the device and the system log, then start again.' });
  }
}

/** Writing failed or stopped making progress. */
export class BlockWriteFailed extends OperationalError {
  readonly code = 'BLOCK_WRITE_FAILED';
  constructor(details: { path: string; offsetBytes: number; reason: string }, cause?: unknown) {
    super('the disk or image file cannot be written', { details, cause, retry: 'never', remedy: 'Check free space and the target device, then restore again.' });
  }
}
