/** Messages for one reader, in order. */
export class Mailbox<T> {
  private readonly messages: T[] = [];
  private waiting: ((message: T | undefined) => void) | undefined;
  private closed = false;

  put(message: T): void {
    if (this.closed) return;
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting) waiting(message);
    else this.messages.push(message);
  }

  /** The next message; undefined when there is none any more. */
  take(): Promise<T | undefined> {
    const message = this.messages.shift();
    if (message !== undefined || this.closed) return Promise.resolve(message);
    return new Promise((resolve) => { this.waiting = resolve; });
  }

  /** Gives up waiting: the reader gets undefined. */
  wake(): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.(undefined);
  }

  /** No more messages; those not read yet are lost. */
  close(): void {
    this.closed = true;
    this.messages.length = 0;
    this.wake();
  }

  get isClosed(): boolean {
    return this.closed;
  }
}
