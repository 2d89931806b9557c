import { seconds, type Clock } from '@lifeboat/model';
import type { RestoreProgress } from './restore-report.js';

const windowMs = seconds(10);
const reportEveryMs = 200;

/** Counts what was done and reports it at most five times a second, with the rate of the last ten seconds and the time it leaves. */
export class ProgressMeter {
  private readonly samples: { atMs: number; doneBytes: number }[] = [];
  private doneBytes = 0;
  private lastReportMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly totalBytes: number,
    private readonly report: (progress: RestoreProgress) => void,
  ) {}

  /** Adds work that is done. */
  add(bytes: number, at: Pick<RestoreProgress, 'phase' | 'volumeId'>): void {
    this.doneBytes = Math.min(this.totalBytes, this.doneBytes + bytes);
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.lastReportMs >= reportEveryMs) this.flush(at, nowMs);
  }

  /** Reports at once, e.g. at the end of a phase. */
  flush(at: Pick<RestoreProgress, 'phase' | 'volumeId'>, nowMs = this.clock.monotonicMs()): void {
    this.lastReportMs = nowMs;
    this.samples.push({ atMs: nowMs, doneBytes: this.doneBytes });
    while (this.samples.length > 2 && nowMs - (this.samples[0]?.atMs ?? nowMs) > windowMs) this.samples.shift();
    const rate = this.rate(nowMs);
    const leftBytes = this.totalBytes - this.doneBytes;
    const etaMs = rate === null || rate === 0 ? null : Math.round((leftBytes / rate) * 1000);
    this.report({ ...at, doneBytes: this.doneBytes, totalBytes: this.totalBytes, rateBytesPerSecond: rate, etaMs });
  }

  private rate(nowMs: number): number | null {
    const first = this.samples[0];
    if (!first || nowMs - first.atMs < reportEveryMs) return null;
    return Math.round(((this.doneBytes - first.doneBytes) / (nowMs - first.atMs)) * 1000);
  }
}
