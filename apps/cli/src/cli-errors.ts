import { OperationalError, UserError, type Retry } from '@lifeboat/model';

/** The command line does not say what to do (exit code 64). */
export class Usage extends UserError {
  readonly code = 'USAGE';
  constructor(problem: string, remedy = 'See `lifeboat --help`.') {
    super(problem, { remedy });
  }
}

/** A configuration file or variable cannot be understood (exit code 78). */
export class ConfigInvalid extends UserError {
  readonly code = 'CONFIG_INVALID';
  constructor(details: { where: string; problem: string }, cause?: unknown) {
    super('the configuration of the command line is not valid', { details, cause, remedy: 'Correct the value, or make the file anew with `lifeboat login`.' });
  }
}

/** No token is known for the server (exit code 5). */
export class NotLoggedIn extends UserError {
  readonly code = 'NOT_LOGGED_IN';
  constructor() {
    super('no token for the server is known', { remedy: 'Run `lifeboat login`, or set LIFEBOAT_TOKEN; the first token is in `first-run.json` in the data directory of the server.' });
  }
}

/** Nobody answers at the address of the server (exit code 6). */
export class ServerUnreachable extends OperationalError {
  readonly code = 'SERVER_UNREACHABLE';
  constructor(details: { url: string; reason: string }, cause?: unknown) {
    super('the server cannot be reached', { details, cause, retry: 'later', remedy: 'Check that it runs and that the address is right (LIFEBOAT_URL or `lifeboat login`).' });
  }
}

/** What answers is no Lifeboat server of this version. */
export class AnswerInvalid extends OperationalError {
  readonly code = 'SERVER_ANSWER_INVALID';
  constructor(details: { url: string; status: number; problem: string }, cause?: unknown) {
    super('the server answered something that this command does not understand', { details, cause, retry: 'never', remedy: 'Check the address, and use the same version of command and server.' });
  }
}

/** The server refused; code, message and remedy are the server's own. */
export class RefusedByServer extends OperationalError {
  readonly code: string;
  constructor(refusal: Readonly<{ code: string; message: string; remedy: string | null; retry: Retry }>, details: { status: number }) {
    super(refusal.message, { details, retry: refusal.retry, ...(refusal.remedy === null ? {} : { remedy: refusal.remedy }) });
    this.code = refusal.code;
  }
}

/** Work that the server carried out did not end well; code and message are the server's own. */
export class ChoreFailed extends OperationalError {
  readonly code: string;
  constructor(end: Readonly<{ code: string; message: string }>) {
    super(end.message, { retry: 'later', remedy: 'The log of the server says more.' });
    this.code = end.code;
  }
}

/** Part of the contract, but not in this version. */
export class NotSupportedYet extends UserError {
  readonly code = 'NOT_SUPPORTED_YET';
  constructor(what: string, remedy: string) {
    super('this version cannot do that yet', { details: { what }, remedy });
  }
}

/** The restore point has no such disk. */
export class DiskNotInPoint extends UserError {
  readonly code = 'DISK_NOT_IN_POINT';
  constructor(details: { disk: string; disks: readonly string[] }) {
    super('the restore point has no such disk', { details, remedy: 'Choose a number or an id from `lifeboat get items`.' });
  }
}

/** A program that belongs to Lifeboat is not where it should be. */
export class ProgramMissing extends OperationalError {
  readonly code = 'PROGRAM_MISSING';
  constructor(details: { path: string }) {
    super('the server program is not built', { details, retry: 'never', remedy: 'Run `npm run build` in the clone; on machines without the server, this command is not available.' });
  }
}

/** A person pressed Ctrl-C (exit code 130). */
export class Interrupted extends OperationalError {
  readonly code = 'INTERRUPTED';
  constructor() {
    super('interrupted', { retry: 'now' });
  }
}

/** A change would delete restore points and was not confirmed (exit code 4). */
export class ChangeNotConfirmed extends UserError {
  readonly code = 'CHANGE_NOT_CONFIRMED';
  constructor(details: { points: number }) {
    super('this change would delete restore points', { details, remedy: 'Look at what would go, and repeat the command with --confirm.' });
  }
}
