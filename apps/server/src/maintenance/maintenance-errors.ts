import { UserError } from '@lifeboat/model';

/** The directory is not the data directory of a server: it has no store. Nothing is made there, since a typing error is likelier than an empty server. */
export class DataDirWithoutStore extends UserError {
  readonly code = 'DATA_DIR_WITHOUT_STORE';
  constructor(details: { path: string }) {
    super('there is no store in this data directory', { details, remedy: 'Name the directory that `lifeboat server start --data` was given.' });
  }
}

/** The point has no such volume, or there is no such point in what can be read of the ledger. */
export class VolumeUnknown extends UserError {
  readonly code = 'VOLUME_UNKNOWN';
  constructor(details: { point: string; volume: string }) {
    super('there is no such volume of a restore point', { details, remedy: 'See what there is with `lifeboat-maintenance store-points`.' });
  }
}
