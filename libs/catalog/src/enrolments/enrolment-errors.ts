import { UserError } from '@lifeboat/model';

/** No enrolment waits or waited under this id. */
export class EnrolmentNotFound extends UserError {
  readonly code = 'ENROLMENT_NOT_FOUND';
  constructor(requestId: string) {
    super('there is no such enrolment', { details: { requestId: requestId.slice(0, 64) }, remedy: 'See the enrolments that wait with `lifeboat enrol list`.' });
  }
}
