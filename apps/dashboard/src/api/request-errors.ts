import { OperationalError, UserError } from '@lifeboat/model';
import type { Refusal } from '@lifeboat/protocol';

/** The server answered with a refusal; `refusal` says what is wrong and what to do, in the server's words. */
export class RequestRefused extends UserError {
  readonly code = 'REQUEST_REFUSED';
  constructor(readonly status: number, readonly refusal: Refusal) {
    super(refusal.message, { details: { status, code: refusal.code }, ...(refusal.remedy === null ? {} : { remedy: refusal.remedy }) });
  }
}

/** No answer came: the server is down, or the network between is. */
export class ServerUnreachable extends OperationalError {
  readonly code = 'SERVER_UNREACHABLE';
  constructor(cause: unknown) {
    super('The server does not answer', { retry: 'later', cause, remedy: 'Check that the server runs and that this computer reaches it' });
  }
}

/** The answer is not what this page understands; usually page and server are of different versions. */
export class AnswerUnreadable extends OperationalError {
  readonly code = 'ANSWER_UNREADABLE';
  constructor(details: Readonly<{ path: string; status: number }>, cause?: unknown) {
    super('The server gave an answer that this page does not understand', { retry: 'never', details, cause, remedy: 'Reload the page; if it stays, look into the log of the server' });
  }
}

/** Whether `error` says that nobody is logged in. */
export function isLoggedOut(error: unknown): boolean {
  return error instanceof RequestRefused && error.status === 401;
}

/** What a person should read of any error: the sentence, and the remedy when there is one. */
export function describeError(error: unknown): Readonly<{ message: string; remedy: string | null; code: string | null }> {
  if (error instanceof RequestRefused) return { message: error.refusal.message, remedy: error.refusal.remedy, code: error.refusal.code };
  if (error instanceof ServerUnreachable || error instanceof AnswerUnreadable) return { message: error.message, remedy: error.remedy ?? null, code: error.code };
  return { message: error instanceof Error ? error.message : 'Something went wrong', remedy: null, code: null };
}
