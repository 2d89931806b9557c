import { OperationalError, UserError } from '@lifeboat/model';

/** DATABASE_URL cannot be used. The text itself is never shown: it may hold a password. */
export class DatabaseUrlInvalid extends UserError {
  readonly code = 'DATABASE_URL_INVALID';
  constructor(reason: string) {
    super('DATABASE_URL is not a usable PostgreSQL address', {
      details: { reason },
      remedy: 'Write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or leave it unset to use the embedded PostgreSQL.',
    });
  }
}

/** The PostgreSQL server did not answer, or refused the user or the database. */
export class DatabaseUnreachable extends OperationalError {
  readonly code = 'DATABASE_UNREACHABLE';
  constructor(details: Readonly<{ host: string; port: number; database: string; reason: string }>, cause?: unknown) {
    super('the PostgreSQL server cannot be used', { retry: 'later', details, cause, remedy: 'Check that it runs, that the database exists and that the user may create tables in it.' });
  }
}

/** The PostgreSQL server is too old, would lose what it confirmed, or cannot hold every character. */
export class DatabaseUnsuitable extends UserError {
  readonly code = 'DATABASE_UNSUITABLE';
  constructor(details: Readonly<{ setting: string; found: string; wanted: string }>) {
    super('the PostgreSQL server is not set up as Lifeboat needs it', { details, remedy: `Set ${details.setting} to ${details.wanted} and start again.` });
  }
}

/** The tables could not be brought to the form that this version needs. */
export class DatabaseMigrationFailed extends OperationalError {
  readonly code = 'DATABASE_MIGRATION_FAILED';
  constructor(reason: string, cause?: unknown) {
    super('the database tables could not be migrated', {
      retry: 'never', details: { reason: reason.slice(0, 500) }, cause,
      remedy: 'The database only mirrors the store: empty it, start again and run `lifeboat catalog rebuild`.',
    });
  }
}
