/** Lets a bounded number of tasks run at a time; the others wait in the order in which they came. */
export class Gate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly runningMax: number) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.running >= this.runningMax) await new Promise<void>((resolve) => { this.waiting.push(resolve); });
    else this.running += 1;
    try {
      return await task();
    } finally {
      // The place goes to the next in line without becoming free in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
