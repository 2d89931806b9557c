import { HttpException } from '@nestjs/common';
import { isLifeboatError, OperationalError, type LifeboatError, type Retry } from '@lifeboat/model';
import type { Refusal } from '@lifeboat/protocol';

/** What a caller learns of an error, and the HTTP status that goes with it. */
export type RefusalWithStatus = Readonly<{ status: number; refusal: Refusal }>;

/** HTTP status by error code; every code that is not listed gets the status of its kind. The only such map. */
const statusByCode: Readonly<Record<string, number>> = {
  LOGIN_REQUIRED: 401, LOGIN_REFUSED: 401, TICKET_INVALID: 401, ENROLMENT_TOKEN_INVALID: 401, HANDSHAKE_REFUSED: 401,
  ORIGIN_REFUSED: 403, POINT_NOT_OWNED: 403, ADMIN_REQUIRED: 403,
  COMPUTER_NOT_FOUND: 404, VERSION_NOT_FOUND: 404, ENROLMENT_NOT_FOUND: 404, JOB_NOT_FOUND: 404, POINT_MISSING: 404, SESSION_NOT_FOUND: 404, DELETION_REQUEST_NOT_FOUND: 404, ROUTE_NOT_FOUND: 404,
  COMPUTER_NAME_AMBIGUOUS: 409, VERSION_AMBIGUOUS: 409, ENROLMENT_RESOLVED: 409, KEY_ALREADY_ENROLLED: 409, JOB_FINISHED: 409, OPERATOR_LABEL_TAKEN: 409, PLAN_STALE: 409, POINT_IS_KEPT: 409, DELETION_NEEDS_APPROVAL: 409, DELETION_DECIDED: 409, SECOND_OPERATOR_REQUIRED: 409, CHANGE_NOT_CONFIRMED: 409,
  RETENTION_BUSY: 409, MACHINE_CONNECTED_ELSEWHERE: 409,
  REQUEST_TOO_LARGE: 413, AGENT_TOO_OLD: 426, AGENT_TOO_NEW: 426, TOO_MANY_ATTEMPTS: 429,
  STORE_FULL: 507, FIRST_BACKUPS_WAIT: 507,
};
const statusByKind = { user: 400, operational: 503, defect: 500 } as const;

/** Turns anything thrown into what may leave the server: code, constant message, remedy and retry advice; never details or payload. */
export function refusalOf(error: unknown): RefusalWithStatus {
  if (isLifeboatError(error)) return { status: statusByCode[error.code] ?? statusByKind[error.kind], refusal: refusalOfOurs(error) };
  const status = httpStatusOf(error);
  if (status === 404) return foreign(404, 'ROUTE_NOT_FOUND', 'there is nothing at this address');
  if (status === 413) return foreign(413, 'REQUEST_TOO_LARGE', 'the request is too large');
  if (status !== undefined && status >= 400 && status < 500) return foreign(status, 'REQUEST_INVALID', 'the request cannot be understood');
  return { status: 500, refusal: { ok: false, code: 'INTERNAL_ERROR', message: 'the server met an unexpected error', remedy: 'Look into the server log for the cause.', retry: 'later' } };
}

/** True for what a person has to look at: our own defects and everything unforeseen. */
export function isUnexpected(error: unknown): boolean {
  return isLifeboatError(error) ? error.kind === 'defect' : (httpStatusOf(error) ?? 500) >= 500;
}

function refusalOfOurs(error: LifeboatError): Refusal {
  const retry: Retry = error instanceof OperationalError ? error.retry : 'never';
  return { ok: false, code: error.code.slice(0, 64), message: error.message.slice(0, 500), remedy: error.remedy?.slice(0, 500) ?? null, retry };
}

function foreign(status: number, code: string, message: string): RefusalWithStatus {
  return { status, refusal: { ok: false, code, message, remedy: null, retry: 'never' } };
}

/** Nest's exceptions and those of Express' body parser carry a status; nothing else of them is shown. */
function httpStatusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number') return error.status;
  return undefined;
}
