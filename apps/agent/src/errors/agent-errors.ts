import { OperationalError, UserError, type ErrorDetails, type Retry } from '@lifeboat/model';
import type { Refusal } from '@lifeboat/protocol';

/** There is no identity in the state directory. */
export class NotEnrolled extends UserError {
  readonly code = 'NOT_ENROLLED';
  constructor(stateDir: string) {
    super('this computer is not enrolled', { details: { stateDir }, remedy: 'Run `lifeboat-agent enrol --server URL --token TOKEN`.' });
  }
}

/** The computer name is taken; an admin decides. Nothing was written for this computer yet. */
export class EnrolmentHeld extends UserError {
  readonly code = 'ENROLMENT_HELD';
  constructor(details: { requestId: string; answer: string }) {
    super('enrolment waits for an admin because the computer name is taken', {
      details, remedy: `An admin decides with \`lifeboat enrol resolve ${details.requestId} --as continue|separate|reject\`; then run this command again.`,
    });
  }
}

/** An admin said no to this key. */
export class EnrolmentRejected extends UserError {
  readonly code = 'ENROLMENT_REJECTED';
  constructor(answer: string) {
    super('the server rejected the enrolment', { details: { answer }, remedy: 'Ask the admin for the reason; another computer name or a new state directory may be needed.' });
  }
}

/** The server could not prove to own the key that was pinned at enrolment. */
export class WrongServerKey extends UserError {
  readonly code = 'WRONG_SERVER_KEY';
  constructor(serverUrl: string) {
    super('the server does not hold the key this computer was enrolled with', {
      details: { serverUrl },
      remedy: 'Nothing was sent. Check the address; if the server was set up anew, remove the state directory and enrol again.',
    });
  }
}

/** No answer from the server within the time allowed. */
export class ServerUnreachable extends OperationalError {
  readonly code = 'SERVER_UNREACHABLE';
  constructor(details: { serverUrl: string; reason: string }, cause?: unknown) {
    super('the server cannot be reached', { details, cause, retry: 'later', remedy: 'Check the address, the network and that the server runs; a started backup resumes where it stopped.' });
  }
}

/** The server answered no; code, sentence and remedy are the server's. */
export class ServerRefused extends OperationalError {
  readonly code: string;
  constructor(refusal: Pick<Refusal, 'code' | 'message' | 'retry'> & { remedy?: string | null; details?: ErrorDetails }) {
    super(refusal.message, { retry: refusal.retry, details: refusal.details ?? {}, ...(refusal.remedy ? { remedy: refusal.remedy } : {}) });
    this.code = refusal.code;
  }
}

/** The server's answer is not what the protocol says. */
export class ServerAnswerInvalid extends OperationalError {
  readonly code = 'SERVER_ANSWER_INVALID';
  constructor(details: { request: string; reason: string }, cause?: unknown) {
    super('the server gave an answer that this agent does not understand', { details, cause, retry: 'never', remedy: 'Check that the address is a Lifeboat server of a matching version.' });
  }
}

/** The server asked for the same backup's chunks again and again. */
export class RefillRefused extends OperationalError {
  readonly code = 'REFILL_REFUSED';
  constructor() {
    super('the server keeps losing blocks of this backup', { retry: 'later', remedy: 'Run `lifeboat store fsck --data` on the server, then start the backup again.' });
  }
}

/** The connection broke; the caller tries again until its time is over. */
export class ConnectionLost extends OperationalError {
  readonly code = 'CONNECTION_LOST';
  constructor(reason: string, retry: Retry = 'now') {
    super('the connection to the server broke', { details: { reason }, retry });
  }
}

/** Another process uses this state directory. */
export class AgentBusy extends OperationalError {
  readonly code = 'AGENT_BUSY';
  constructor(details: ErrorDetails) {
    super('another agent process is at work with this state directory', { details, retry: 'later', remedy: 'Wait for it, see `lifeboat-agent get status`, or stop it with `lifeboat-agent stop job`.' });
  }
}

/** A file in the state directory is not what this agent wrote. */
export class AgentStateInvalid extends OperationalError {
  readonly code = 'AGENT_STATE_INVALID';
  constructor(details: { file: string; reason: string }, cause?: unknown) {
    super('a file in the state directory is damaged', { details, cause, retry: 'never', remedy: 'Move the state directory away and enrol again under the same name; an admin can let it continue the chain.' });
  }
}

/** A setting from the environment is wrong. */
export class ConfigInvalid extends UserError {
  readonly code = 'CONFIG_INVALID';
  constructor(problems: readonly string[]) {
    super('the configuration is not valid', { details: { problems }, remedy: 'Example: LIFEBOAT_STATE=/var/lib/lifeboat-agent LIFEBOAT_UNREACHABLE_MAX=30m' });
  }
}

/** A command line that cannot be meant. */
export class UsageInvalid extends UserError {
  readonly code = 'USAGE_INVALID';
  constructor(problem: string, remedy = 'See `lifeboat-agent --help`.') {
    super(problem, { remedy });
  }
}

/** A verb whose time has not come. */
export class NotSupportedYet extends UserError {
  readonly code = 'NOT_SUPPORTED_YET';
  constructor(feature: string, remedy: string) {
    super('this is not yet supported', { details: { feature }, remedy });
  }
}

/** Backups are switched off here for a while. */
export class BackupDisabled extends UserError {
  readonly code = 'BACKUP_DISABLED';
  constructor(details: { until: string; reason: string }) {
    super('backups are disabled on this computer', { details, remedy: 'Run `lifeboat-agent enable backup`.' });
  }
}

/** A person or the system asked the run to end. What the server acknowledged stays there and the next run continues from it. */
export class RunStopped extends OperationalError {
  readonly code = 'RUN_STOPPED';
  constructor(readonly now: boolean) {
    super('the run was stopped', { retry: 'later', remedy: 'Start the backup again; what the server has already is not sent again.' });
  }
}
