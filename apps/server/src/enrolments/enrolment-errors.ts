import { UserError } from '@lifeboat/model';

/** The enrolment token is unknown, expired or used up; which of them is nobody's business. */
export class EnrolmentTokenInvalid extends UserError {
  readonly code = 'ENROLMENT_TOKEN_INVALID';
  constructor() {
    super('the enrolment token is not valid any more', { remedy: 'Ask for a new one: `lifeboat enrol token create`.' });
  }
}

/** The agent's key belongs to a computer that enrolled under another name. */
export class KeyAlreadyEnrolled extends UserError {
  readonly code = 'KEY_ALREADY_ENROLLED';
  constructor() {
    super('this agent has enrolled already, under another name', { remedy: 'Use the name it has, or an empty state directory (--state) for another computer.' });
  }
}

/** An admin decided about the request before. */
export class EnrolmentResolved extends UserError {
  readonly code = 'ENROLMENT_RESOLVED';
  constructor() {
    super('this enrolment was resolved before', { remedy: 'See `lifeboat enrol list`; the agent may enrol again with a new token.' });
  }
}
