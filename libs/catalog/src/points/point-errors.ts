import { UserError } from '@lifeboat/model';

/** The machine has no restore point of this id or prefix, or none at all. */
export class VersionNotFound extends UserError {
  readonly code = 'VERSION_NOT_FOUND';
  constructor(details: Readonly<{ machineId: string; version: string }>) {
    super('there is no such restore point', { details: { ...details, version: details.version.slice(0, 64) }, remedy: 'See the restore points with `lifeboat get versions`.' });
  }
}

/** Several restore points of the machine begin so. */
export class VersionAmbiguous extends UserError {
  readonly code = 'VERSION_AMBIGUOUS';
  constructor(details: Readonly<{ machineId: string; version: string; pointIds: readonly string[] }>) {
    super('several restore points begin with this', { details, remedy: 'Give more characters of the id.' });
  }
}
