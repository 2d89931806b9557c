import type { Clock } from '@lifeboat/model';
import { TooManyAttempts } from './access-errors.js';

/** Addresses remembered at most; beyond it the oldest is forgotten, so that a flood cannot fill the memory. */
const addressesMax = 10_000;

type Window = { failures: number; endsAtMs: number };

/** Counts failures per address in a fixed window and refuses further attempts once there were too many. */
export class AttemptLimiter {
  private readonly windows = new Map<string, Window>();

  constructor(private readonly options: Readonly<{ clock: Clock; failuresMax: number; windowMs: number }>) {}

  /** @throws TooManyAttempts (TOO_MANY_ATTEMPTS) until the window is over. */
  assertAllowed(address: string): void {
    const window = this.current(address);
    if (window && window.failures >= this.options.failuresMax) throw new TooManyAttempts(window.endsAtMs - this.options.clock.monotonicMs());
  }

  /** Notes a failed attempt. */
  failed(address: string): void {
    const window = this.current(address);
    if (window) {
      window.failures += 1;
      return;
    }
    const oldest = this.windows.keys().next();
    if (this.windows.size >= addressesMax && oldest.done !== true) this.windows.delete(oldest.value);
    this.windows.set(address, { failures: 1, endsAtMs: this.options.clock.monotonicMs() + this.options.windowMs });
  }

  private current(address: string): Window | undefined {
    const window = this.windows.get(address);
    if (window && window.endsAtMs > this.options.clock.monotonicMs()) return window;
    this.windows.delete(address);
    return undefined;
  }
}
