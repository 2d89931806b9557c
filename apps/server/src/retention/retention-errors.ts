import { OperationalError, UserError } from '@lifeboat/model';

/** There is no such deletion request. */
export class DeletionRequestNotFound extends UserError {
  readonly code = 'DELETION_REQUEST_NOT_FOUND';
  constructor(requestId: string) {
    super('there is no such deletion request', { details: { requestId }, remedy: 'See them with `lifeboat retention requests`.' });
  }
}

/** The deletion request was withdrawn, approved or carried out before. */
export class DeletionDecided extends UserError {
  readonly code = 'DELETION_DECIDED';
  constructor(state: string) {
    super('this deletion request is decided already', { details: { state }, remedy: 'See it with `lifeboat retention requests`.' });
  }
}

/** Whoever asked for a deletion cannot approve it. */
export class SecondOperatorRequired extends UserError {
  readonly code = 'SECOND_OPERATOR_REQUIRED';
  constructor() {
    super('another operator has to approve this', { remedy: 'Ask an operator with another token, or wait until the request is carried out by itself.' });
  }
}

/** Saving would delete restore points, and nobody confirmed these. */
export class ChangeNotConfirmed extends UserError {
  readonly code = 'CHANGE_NOT_CONFIRMED';
  constructor(points: number) {
    super('this change would delete restore points', { details: { points }, remedy: 'Look at what would go and confirm it; what was confirmed before may have changed meanwhile.' });
  }
}

/** Retention is running already. */
export class RetentionBusy extends OperationalError {
  readonly code = 'RETENTION_BUSY';
  constructor() {
    super('retention is running already', { retry: 'later', remedy: 'Wait until it has ended, or stop it.' });
  }
}

/** The catalog does not follow the ledger at the moment. */
export class CatalogBehind extends OperationalError {
  readonly code = 'CATALOG_BEHIND';
  constructor() {
    super('the database is behind the store', { retry: 'later', remedy: 'Nothing was deleted. Check the database; see `lifeboat catalog rebuild`.' });
  }
}

/** The point is not deleted, or is gone for good. */
export class PointNotDeleted extends UserError {
  readonly code = 'POINT_NOT_DELETED';
  constructor() {
    super('this restore point is not deleted', { remedy: 'Only deleted points that are not purged yet can be brought back; see `lifeboat get versions`.' });
  }
}

/** The name given to confirm is not that of the computer. */
export class DeletionNotConfirmed extends UserError {
  readonly code = 'DELETION_NOT_CONFIRMED';
  constructor() {
    super('the name given to confirm is not that of the computer', { remedy: 'Repeat the name of the computer with --confirm.' });
  }
}

/** The date lies in the past, or too far in the future. */
export class DateOutOfRange extends UserError {
  readonly code = 'DATE_OUT_OF_RANGE';
  constructor(details: Readonly<{ earliest: string; latest: string }>) {
    super('this date cannot be meant', { details, remedy: 'Give a date between `earliest` and `latest`.' });
  }
}
