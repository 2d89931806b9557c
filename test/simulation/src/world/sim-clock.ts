import { days, hours, type Clock } from '@lifeboat/model';
import type { Chance } from './chance.js';
import type { Scheduler } from './scheduler.js';

/** A day in 2025; every world begins there. */
const startMs = 1_750_000_000_000;

/** Time that passes when the world takes a step, and jumps when it wants to. */
export class SimClock implements Clock {
  private wallMs = startMs;
  private ranMs = 0;
  /** Set once the world has a scheduler. */
  scheduler: Scheduler | undefined;

  nowMs(): number {
    return this.wallMs;
  }

  monotonicMs(): number {
    return this.ranMs;
  }

  /** Time that neither jumps nor runs backwards, as the server makes it from both clocks. */
  trustedMs(): number {
    return startMs + this.ranMs;
  }

  /** Lets time pass, for both clocks. */
  advance(durationMs: number): void {
    this.wallMs += durationMs;
    this.ranMs += durationMs;
  }

  /** Somebody sets the clock; nothing passes. */
  set(wallMs: number): void {
    this.wallMs = Math.max(0, wallMs);
  }

  /** Sets the clock as clocks go wrong: an hour or a month either way, to 1970, ten years ahead, or right again. */
  jump(chance: Chance): number {
    const jumps = [-hours(1), hours(1), -days(30), days(30), days(3650), -this.wallMs, startMs - this.wallMs] as const;
    this.set(this.wallMs + chance.pick(jumps));
    return this.wallMs;
  }

  async sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await this.scheduler?.pause(null);
    this.advance(durationMs);
    signal?.throwIfAborted();
  }
}
