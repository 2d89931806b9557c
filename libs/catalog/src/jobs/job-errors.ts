import { UserError } from '@lifeboat/model';

/** No job has this id. */
export class JobNotFound extends UserError {
  readonly code = 'JOB_NOT_FOUND';
  constructor(jobId: string) {
    super('there is no such job', { details: { jobId: jobId.slice(0, 64) }, remedy: 'See the jobs with `lifeboat jobs`.' });
  }
}
