import { randomFillSync } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Random } from '@lifeboat/model';

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (durationMs, signal) => {
    await wait(durationMs, undefined, signal ? { signal } : {});
  },
};

/** The machine's cryptographic random source. */
export const systemRandom: Random = { bytes: (count) => randomFillSync(new Uint8Array(count)) };
