/** The sender's half of the flow control of an answer: waits until the reader has granted enough. */
export class ReadCredit {
  private waiting: { bytes: number; resolve: (granted: boolean) => void } | undefined;
  private closed = false;

  constructor(private creditBytes: number) {}

  /** The reader grants more. */
  grant(bytes: number): void {
    this.creditBytes += bytes;
    this.settle();
  }

  /** Waits for credit and spends it. @returns false when the connection ended meanwhile. One waiter at a time. */
  async spend(bytes: number): Promise<boolean> {
    if (!this.closed && this.creditBytes < bytes) {
      await new Promise<boolean>((resolve) => { this.waiting = { bytes, resolve }; });
    }
    if (this.closed) return false;
    this.creditBytes -= bytes;
    return true;
  }

  close(): void {
    this.closed = true;
    this.settle();
  }

  private settle(): void {
    if (!this.waiting || (!this.closed && this.creditBytes < this.waiting.bytes)) return;
    const { resolve } = this.waiting;
    this.waiting = undefined;
    resolve(!this.closed);
  }
}
