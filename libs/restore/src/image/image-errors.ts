import { UserError } from '@lifeboat/model';

/** The restore point has no disk of that id. */
export class DiskNotInManifest extends UserError {
  readonly code = 'DISK_NOT_IN_MANIFEST';
  constructor(details: { diskId: string }) {
    super('the restore point has no disk of that id', { details, remedy: 'Choose an id from `lifeboat get items`.' });
  }
}
