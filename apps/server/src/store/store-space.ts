import { Inject, Injectable } from '@nestjs/common';
import { seconds, type Clock } from '@lifeboat/model';
import { StoreFull, type Store, type StoreStats } from '@lifeboat/store';
import type { ServerConfig } from '../config/server-config.js';
import { CLOCK, CONFIG, STORE } from '../platform/tokens.js';

const statsAgeMaxMs = seconds(1);
/** Kept free for the ledger, points and journals, so that a full store can still write down what happened. */
const freeBytesMin = 64 * 1024 * 1024;

/** Sizes of the store as the quota makes them, and whether it may grow. */
@Injectable()
export class StoreSpace {
  private cached: Readonly<{ atMs: number; stats: StoreStats }> | undefined;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CONFIG) private readonly config: ServerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Current sizes, at most a second old. The quota bounds size and free space as if the filesystem were that large. */
  async stats(): Promise<StoreStats> {
    const nowMs = this.clock.monotonicMs();
    if (!this.cached || nowMs - this.cached.atMs > statsAgeMaxMs) this.cached = { atMs: nowMs, stats: withQuota(await this.store.stats(), this.config.quotaBytes) };
    return this.cached.stats;
  }

  /** @throws StoreFull (STORE_FULL) the quota is used up or the disk almost full. */
  async assertRoom(): Promise<void> {
    const { freeBytes } = await this.stats();
    const limit = this.config.quotaBytes === null ? freeBytesMin : 0;
    if (freeBytes <= limit) throw new StoreFull();
  }
}

/** Sizes as if the filesystem had `quotaBytes`, of which only the store uses any. Pure. */
export function withQuota(stats: StoreStats, quotaBytes: number | null): StoreStats {
  if (quotaBytes === null) return stats;
  return { ...stats, sizeBytes: Math.min(stats.sizeBytes, quotaBytes), freeBytes: Math.max(0, Math.min(stats.freeBytes, quotaBytes - stats.packBytes)) };
}
