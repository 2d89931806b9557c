import { OperationalError } from '@lifeboat/model';

/** A scrub of this store is under way; one is enough. */
export class ScrubRunning extends OperationalError {
  readonly code = 'SCRUB_RUNNING';
  constructor() {
    super('a scrub of this store is running', { retry: 'later', remedy: 'Wait for it to end; it goes on where it stopped.' });
  }
}
