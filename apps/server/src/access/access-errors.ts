import { OperationalError, UserError } from '@lifeboat/model';

/** The request carries no valid login. */
export class LoginRequired extends UserError {
  readonly code = 'LOGIN_REQUIRED';
  constructor() {
    super('a login is required', { remedy: 'Log in with the secret from first-run.json, or set LIFEBOAT_TOKEN.' });
  }
}

/** The token is not known. */
export class LoginRefused extends UserError {
  readonly code = 'LOGIN_REFUSED';
  constructor() {
    super('the token is not valid', { remedy: 'Use the secret that the server wrote to first-run.json.' });
  }
}

/** A browser page of another origin sent the request. */
export class OriginRefused extends UserError {
  readonly code = 'ORIGIN_REFUSED';
  constructor() {
    super('requests from other web pages are refused', { remedy: 'Open the dashboard at the address of the server itself.' });
  }
}

/** Too many failed attempts from one address. */
export class TooManyAttempts extends OperationalError {
  readonly code = 'TOO_MANY_ATTEMPTS';
  constructor(retryAfterMs: number) {
    super('too many attempts from this address', { retry: 'later', details: { retryAfterMs }, remedy: `Wait ${String(Math.ceil(retryAfterMs / 1000))} seconds and try again.` });
  }
}

/** The operator is no admin. */
export class AdminRequired extends UserError {
  readonly code = 'ADMIN_REQUIRED';
  constructor() {
    super('only an admin may do this', { remedy: 'Ask somebody with an admin token, e.g. the one of first-run.json.' });
  }
}

/** Another operator has this label; labels say in the records who did what. */
export class OperatorLabelTaken extends UserError {
  readonly code = 'OPERATOR_LABEL_TAKEN';
  constructor(label: string) {
    super('this label is taken', { details: { label }, remedy: 'Choose another one; see them with `lifeboat operator list`.' });
  }
}
