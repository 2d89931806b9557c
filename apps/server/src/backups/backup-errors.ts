import { UserError } from '@lifeboat/model';

/** The machine has no such backup session; it may have expired. */
export class SessionNotFound extends UserError {
  readonly code = 'SESSION_NOT_FOUND';
  constructor() {
    super('there is no such backup session', { remedy: 'Start the backup again; what the server has is not sent twice.' });
  }
}
