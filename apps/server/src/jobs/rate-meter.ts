import { seconds } from '@lifeboat/model';

/** Time constant of the average: what is older than this hardly counts. */
const averageOverMs = seconds(10);
/** An estimate is shown only when this much time and this share of the work is behind it; earlier ones are guesses. */
const estimateAfterMs = seconds(30);
const estimateAfterShare = 0.02;

/** Rate and remaining time of a job from its progress reports: an exponentially weighted moving average. */
export class RateMeter {
  private last: Readonly<{ atMs: number; doneBytes: number }> | undefined;
  private bytesPerMs: number | null = null;

  constructor(private readonly startedAtMs: number) {}

  /** Takes a report; times are monotonic. A smaller number than before begins anew, as after a resume. */
  report(atMs: number, doneBytes: number): void {
    const previous = this.last;
    if (previous && atMs <= previous.atMs) return;
    this.last = { atMs, doneBytes };
    if (!previous || doneBytes < previous.doneBytes) return;
    const elapsedMs = atMs - previous.atMs;
    const present = (doneBytes - previous.doneBytes) / elapsedMs;
    const weight = 1 - Math.exp(-elapsedMs / averageOverMs);
    this.bytesPerMs = this.bytesPerMs === null ? present : this.bytesPerMs + weight * (present - this.bytesPerMs);
  }

  /** Bytes a second, or null before the second report. */
  get bytesPerSecond(): number | null {
    return this.bytesPerMs === null ? null : Math.round(this.bytesPerMs * 1000);
  }

  /** Milliseconds that `totalBytes` will still take, or null while that would be a guess. */
  remainingMs(nowMs: number, totalBytes: number): number | null {
    if (!this.last || this.bytesPerMs === null || this.bytesPerMs <= 0 || totalBytes <= 0) return null;
    if (nowMs - this.startedAtMs < estimateAfterMs || this.last.doneBytes / totalBytes < estimateAfterShare) return null;
    return Math.max(0, Math.round((totalBytes - this.last.doneBytes) / this.bytesPerMs));
  }
}
