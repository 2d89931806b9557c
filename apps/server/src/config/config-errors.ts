import { OperationalError, UserError } from '@lifeboat/model';

/** The configuration cannot be used; `details.problems` has one line per bad key. Exit code 78. */
export class ConfigInvalid extends UserError {
  readonly code = 'CONFIG_INVALID';
  constructor(problems: readonly string[], cause?: unknown) {
    super('the server configuration is not valid', { details: { problems }, cause, remedy: 'Correct the values named above; `lifeboat server start --help` lists them.' });
  }
}

/** Another program listens where this server should. Exit code 7. */
export class PortTaken extends OperationalError {
  readonly code = 'PORT_TAKEN';
  constructor(details: { host: string; port: number }, cause?: unknown) {
    super('the address is in use by another program', { retry: 'later', details, cause, remedy: 'Stop the other program, or choose another port with --port.' });
  }
}

/** The server may not or cannot listen on this address. */
export class ListenRefused extends OperationalError {
  readonly code = 'LISTEN_REFUSED';
  constructor(details: { host: string; port: number; reason: string }, cause?: unknown) {
    super('the server cannot listen on this address', { retry: 'never', details, cause, remedy: 'Choose an address of this computer with --host and a free port with --port.' });
  }
}

/** The data directory cannot be made or used. */
export class DataDirUnusable extends OperationalError {
  readonly code = 'DATA_DIR_UNUSABLE';
  constructor(details: { path: string; reason: string }, cause?: unknown) {
    super('the data directory cannot be used', { retry: 'never', details, cause, remedy: 'Name a directory that this user may write to with --data.' });
  }
}

/** The server's key pair cannot be read; agents would not recognise a new one. */
export class ServerKeyUnusable extends OperationalError {
  readonly code = 'SERVER_KEY_UNUSABLE';
  constructor(details: { path: string }, cause?: unknown) {
    super('the server key file is damaged', { retry: 'never', details, cause, remedy: 'Put server-key.json back from a copy; with a new key every agent must be enrolled again.' });
  }
}
