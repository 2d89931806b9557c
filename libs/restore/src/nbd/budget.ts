/** Bounds what is under way: so many pieces of work, and so many bytes in them. One caller acquires at a time. */
export class Budget {
  private count = 0;
  private bytes = 0;
  private readonly waiting: { bytes: number; resolve: () => void }[] = [];
  private idle: (() => void)[] = [];

  constructor(private readonly limits: Readonly<{ countMax: number; bytesMax: number }>) {}

  /** Waits for room and takes it. @param bytes not more than the limit. */
  async acquire(bytes: number): Promise<void> {
    if (this.waiting.length > 0 || !this.fits(bytes)) await new Promise<void>((resolve) => { this.waiting.push({ bytes, resolve }); });
    else this.take(bytes);
  }

  release(bytes: number): void {
    this.count -= 1;
    this.bytes -= bytes;
    for (let next = this.waiting[0]; next && this.fits(next.bytes); next = this.waiting[0]) {
      this.waiting.shift();
      this.take(next.bytes);
      next.resolve();
    }
    if (this.count === 0) for (const wake of this.idle.splice(0)) wake();
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    if (this.count > 0) await new Promise<void>((resolve) => { this.idle.push(resolve); });
  }

  private fits(bytes: number): boolean {
    return this.count < this.limits.countMax && this.bytes + bytes <= this.limits.bytesMax;
  }

  private take(bytes: number): void {
    this.count += 1;
    this.bytes += bytes;
  }
}
