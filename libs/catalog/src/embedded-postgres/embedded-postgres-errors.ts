import { OperationalError, UserError } from '@lifeboat/model';

/** No PostgreSQL programs came with the installation, or root has no way to run them as somebody else. */
export class EmbeddedPostgresUnavailable extends UserError {
  readonly code = 'EMBEDDED_POSTGRES_UNAVAILABLE';
  constructor(reason: string, cause?: unknown) {
    super('the embedded PostgreSQL cannot run here', { details: { reason }, cause, remedy: 'Install with optional packages, or set DATABASE_URL to a PostgreSQL server of version 15 or newer.' });
  }
}

/** The embedded PostgreSQL ended during its start; `details.log` holds the end of what it said. */
export class EmbeddedPostgresFailed extends OperationalError {
  readonly code = 'EMBEDDED_POSTGRES_FAILED';
  constructor(details: Readonly<{ step: string; status: string; log: string }>, cause?: unknown) {
    super('the embedded PostgreSQL did not start', {
      retry: 'later', details, cause,
      remedy: 'Read the log lines. The database only mirrors the store: if its folder is damaged, delete it and run `lifeboat catalog rebuild`.',
    });
  }
}

/** Another process that still runs uses the database folder. */
export class DatabaseDirectoryInUse extends OperationalError {
  readonly code = 'DATABASE_DIRECTORY_IN_USE';
  constructor(details: Readonly<{ directory: string; pid: number }>) {
    super('the database folder is used by another running server', { retry: 'later', details, remedy: 'Stop the other server, or give this one a data directory of its own.' });
  }
}

/** The database folder holds something else, or a database of another PostgreSQL version. */
export class DatabaseDirectoryInvalid extends UserError {
  readonly code = 'DATABASE_DIRECTORY_INVALID';
  constructor(details: Readonly<{ directory: string; found: string }>) {
    super('the database folder cannot be used', { details, remedy: 'Move it away, start again and run `lifeboat catalog rebuild`: the database only mirrors the store.' });
  }
}
