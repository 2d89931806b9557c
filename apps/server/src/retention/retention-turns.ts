import { Injectable } from '@nestjs/common';

/** Lets one decision about keeping or deleting be made and carried out at a time: a pin that was answered is seen by every later deletion. */
@Injectable()
export class RetentionTurns {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when all earlier work has ended. Not to be called from within. */
  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined); // The caller gets the rejection; the next turn comes anyway.
    return result;
  }
}
