import { OperationalError, type ErrorDetails } from '@lifeboat/model';

/** A restore point or a page of its map cannot be read, so nobody knows what is live. Nothing was condemned or deleted. */
export class GcRootUnreadable extends OperationalError {
  readonly code = 'GC_ROOT_UNREADABLE';
  constructor(details: ErrorDetails, cause?: unknown) {
    super('garbage collection stopped because a restore point cannot be read completely', {
      retry: 'never', details, cause, remedy: 'Run `lifeboat store fsck` for the extent; garbage is collected again when the point is repaired or deleted.',
    });
  }
}

/** What the mark found cannot be: more would be deleted than the purged points explain. Nothing was condemned or deleted. */
export class GcImplausible extends OperationalError {
  readonly code = 'GC_IMPLAUSIBLE';
  constructor(details: ErrorDetails) {
    super('garbage collection stopped because it would delete more than the deleted restore points explain', {
      retry: 'never', details, remedy: 'Keep the store as it is and run `lifeboat store fsck`; the ledger or the restore points may be incomplete.',
    });
  }
}

/** A collection is at work on this store. */
export class GcRunning extends OperationalError {
  readonly code = 'GC_RUNNING';
  constructor() {
    super('garbage is being collected already', { retry: 'later' });
  }
}
