import { systemClock } from '@lifeboat/codec';
import type { Clock } from '@lifeboat/model';

/** The system's clock, set forward by whoever tests what time does. */
export class ShiftedClock implements Clock {
  private wallShiftMs = 0;
  private shiftMs = 0;

  nowMs(): number {
    return systemClock.nowMs() + this.shiftMs + this.wallShiftMs;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.shiftMs;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(durationMs, signal);
  }

  /** Time passes. */
  advance(durationMs: number): void {
    this.shiftMs += durationMs;
  }

  /** Somebody sets the wall clock; no time passes. */
  setWallClock(byMs: number): void {
    this.wallShiftMs += byMs;
  }
}
