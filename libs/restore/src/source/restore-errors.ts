import { OperationalError, type Digest, type Retry } from '@lifeboat/model';

/** The map that was read does not have the root the restore point names: it is not that volume's map. */
export class RestoreRootMismatch extends OperationalError {
  readonly code = 'RESTORE_ROOT_MISMATCH';
  constructor(details: { volumeId: string; expected: Digest; actual: Digest }) {
    super('what was restored is not what the restore point describes', {
      details, retry: 'never', remedy: 'Do not use the target. Run `lifeboat store fsck --data` and restore another point.',
    });
  }
}

/** The data connection broke and could not be opened again. */
export class RestoreConnectionLost extends OperationalError {
  readonly code = 'RESTORE_CONNECTION_LOST';
  constructor(details: { url: string; reason: string; attempts: number }, cause?: unknown) {
    super('the connection that carries the restore was lost', { details, cause, retry: 'later', remedy: 'Check that the server runs and is reachable, then start the restore again.' });
  }
}

/** The server does not accept the ticket of this restore. */
export class RestoreTicketRefused extends OperationalError {
  readonly code = 'RESTORE_TICKET_REFUSED';
  constructor(details: { status: number }) {
    super('the server refuses the ticket of this restore', { details, retry: 'now', remedy: 'Tickets work once and for a short time; start the restore again.' });
  }
}

/** The server's answer is not an answer to what was asked; `details.reason` says which rule broke. */
export class RestoreAnswerInvalid extends OperationalError {
  readonly code = 'RESTORE_ANSWER_INVALID';
  constructor(reason: string, cause?: unknown) {
    super('the server answered a read with something else', { details: { reason }, cause, retry: 'never', remedy: 'Use the same version on both sides; if it stays, report it.' });
  }
}

/** The server gave up the transfer and said why. */
export class RestoreTransferFailed extends OperationalError {
  readonly code = 'RESTORE_TRANSFER_FAILED';
  constructor(details: { serverCode: string; serverMessage: string }, retry: Retry, cause?: unknown) {
    super('the server stopped this restore', { details, retry, cause, remedy: 'See `serverCode`; run `lifeboat store fsck --data` when it speaks of damage.' });
  }
}
