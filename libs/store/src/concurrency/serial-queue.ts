/** Runs asynchronous tasks one after the other, in the order of the calls; one task's failure does not touch the next. */
export class SerialQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as `task` does, after every task given before has ended. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.last.then(task);
    this.last = result.catch(ignoreForTheNext);
    return result;
  }
}

/** The caller of the failed task has its rejection; the queue only needs to know that it ended. */
function ignoreForTheNext(): void {
  return undefined;
}
