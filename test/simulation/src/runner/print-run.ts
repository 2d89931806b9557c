import type { Totals } from './seed-worker.js';

/** How often progress is told at most. */
const progressEveryMs = 3000;

/** Tells how a run goes, on the terminal. */
export class RunPrinter {
  private readonly startedMs = performance.now();
  private toldMs = this.startedMs;

  /** One line now and then. */
  readonly progress = (totals: Totals): void => {
    if (performance.now() - this.toldMs < progressEveryMs) return;
    this.toldMs = performance.now();
    console.log(`  ${this.sumOf(totals)}`);
  };

  passed(totals: Totals): void {
    console.log(`passed: ${this.sumOf(totals)}`);
  }

  failed(failure: Readonly<{ number: number; message: string }>, replay: string): void {
    console.error(`\n${failure.message}\n\nfailed. This runs it again and shows what happens:\n  ${replay}`);
  }

  line(text: string): void {
    console.log(text);
  }

  private sumOf({ worlds, crashes, recoveries, points, operations }: Totals): string {
    const seconds = (performance.now() - this.startedMs) / 1000;
    const rate = (count: number): string => (count / seconds).toFixed(0);
    return `${String(crashes)} crashes, ${String(recoveries)} recoveries, ${String(worlds)} worlds, ${String(points)} points, ${String(operations)} file operations in ${seconds.toFixed(0)} s (${rate(crashes)} crashes/s, ${rate(worlds)} worlds/s)`;
  }
}
