import type { GcReport } from '@lifeboat/store';

/** Name under which Nest injects the collector. */
export const GARBAGE_COLLECTOR = Symbol('GarbageCollector');

/** Collects the store's garbage, one collection at a time. */
export interface GarbageCollector {
  /**
   * `quarantineMs` is how long condemned packs stay, in trusted time; packs with a smaller share of live bytes than `compactBelowLiveRatio` are rewritten. Rejects with the store's codes, e.g. GC_ROOT_UNREADABLE.
   */
  collect(wish: Readonly<{ trigger: 'retention'; trustedNowMs: number; quarantineMs: number; compactBelowLiveRatio: number }>): Promise<GcReport>;
}
