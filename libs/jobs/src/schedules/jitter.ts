import { createHash } from 'node:crypto';

/**
 * How much later than planned the runs of a key start: fixed by the key, so that it survives restarts, and spread evenly over keys, so that
 * a fleet does not start at once.
 *
 * @returns milliseconds in [0, jitterMs), 0 when `jitterMs` is 0.
 */
export function jitterOf(key: string, jitterMs: number): number {
  // 48 bits: exact in a number, and far finer than a millisecond of 12 hours.
  const share = createHash('sha256').update(key).digest().readUIntBE(0, 6) / 2 ** 48;
  return Math.floor(share * jitterMs);
}
