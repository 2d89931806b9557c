import { UserError } from '@lifeboat/model';

/** There is no such job, or it belongs to another machine. */
export class JobUnknown extends UserError {
  readonly code = 'JOB_NOT_FOUND';
  constructor() {
    super('there is no such job', { remedy: 'List the jobs with `lifeboat jobs`.' });
  }
}

/** The job has ended already. */
export class JobFinished extends UserError {
  readonly code = 'JOB_FINISHED';
  constructor() {
    super('the job has ended already', { remedy: 'Start a new one.' });
  }
}
