import type { QuietStretch } from './quiet-hours.js';

type Reservation = Readonly<{ startMs: number; endMs: number; memoryBytes: number; machineId: string }>;
type Limits = Readonly<{ workers: number; memoryBytes: number; quiet: readonly QuietStretch[] }>;

/** What is to be placed: a stretch without a break, for one machine, which is never drilled twice at a time. */
export type Work = Readonly<{ machineId: string; durationMs: number; memoryBytes: number; notBeforeMs: number }>;

/** Who uses workers and memory when. Reservations are never moved once made. */
export class Timetable {
  /** Sorted by start. */
  private readonly taken: Reservation[] = [];

  constructor(private readonly limits: Limits) {}

  reserve(work: Reservation): void {
    let at = this.taken.length;
    while (at > 0 && (this.taken[at - 1]?.startMs ?? 0) > work.startMs) at -= 1;
    this.taken.splice(at, 0, work);
  }

  /**
   * The earliest start from `notBeforeMs` on at which the work fits; undefined when there is none before `horizonMs`. A slot can only open where something ends,
   * so only those moments are tried. Cost: reservations squared at worst.
   */
  earliest(work: Work, horizonMs: number): number | undefined {
    const ends = [...this.taken.map(({ endMs }) => endMs), ...this.limits.quiet.map(({ toMs }) => toMs)].filter((endMs) => endMs > work.notBeforeMs && endMs < horizonMs);
    for (const startMs of [work.notBeforeMs, ...ends.sort((a, b) => a - b)]) if (this.fits(work, startMs)) return startMs;
    return undefined;
  }

  private fits(work: Work, startMs: number): boolean {
    const endMs = startMs + work.durationMs;
    if (this.limits.quiet.some(({ fromMs, toMs }) => fromMs < endMs && startMs < toMs)) return false;
    const beside = this.taken.filter((other) => other.startMs < endMs && startMs < other.endMs);
    if (beside.some(({ machineId }) => machineId === work.machineId)) return false;
    // What runs at the same time is most where something begins.
    return [startMs, ...beside.map((other) => other.startMs).filter((at) => at > startMs)].every((at) => {
      const then = beside.filter((other) => other.startMs <= at && at < other.endMs);
      return then.length < this.limits.workers && then.reduce((sum, other) => sum + other.memoryBytes, work.memoryBytes) <= this.limits.memoryBytes;
    });
  }
}
