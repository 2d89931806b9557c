import { randomFillSync } from 'node:crypto';
import { systemClock } from '@lifeboat/codec';
import type { Random } from '@lifeboat/model';
import { MemoryChunkIndex } from '../index/memory-chunk-index.js';
import { openStore, type OpenStoreOptions } from '../open-store.js';
import type { Store } from '../store.js';
import { MemoryStoreFs } from './memory-store-fs.js';

/** A random source that gives the same bytes for the same seed; not for secrets. */
export function seededRandom(seed: number): Random & { next(count: number): number } {
  let state = seed >>> 0;
  // mulberry32: small, fast, and good enough to choose faults.
  const next32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return { next: (count) => next32() % count, bytes: (count) => Uint8Array.from({ length: count }, () => next32() & 0xff) };
}

/** Opens a store that lives in memory; open another on the same `fs` to continue it. */
export function openMemoryStore(fs: MemoryStoreFs = new MemoryStoreFs(), options: Partial<OpenStoreOptions> = {}): Promise<Store> {
  const random: Random = { bytes: (count) => randomFillSync(new Uint8Array(count)) };
  return openStore({ path: '(memory)', fs, locker: fs.locker, index: new MemoryChunkIndex(), clock: systemClock, random, ...options });
}
