import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Ingest } from '@lifeboat/ingest';
import type { Clock } from '@lifeboat/model';
import type { GcReport, Store } from '@lifeboat/store';
import type { Logger } from 'pino';
import { CLOCK, INGEST, LOGGER, STORE } from '../platform/tokens.js';
import { Chore, type ChoreTrigger } from './chore.js';

/** How a collection is wanted: who asks, how long condemned packs stay, in milliseconds of trusted time, and which share of a pack must be live for it to be left alone. */
export type CollectionWish = Readonly<{ trigger: ChoreTrigger; trustedNowMs: number; quarantineMs: number; compactBelowLiveRatio?: number }>;

/** Packs of which less is live are rewritten when nobody is short of room. */
const usualLiveRatio = 0.6;

/** Collects the store's garbage, one collection at a time, while backups run. */
@Injectable()
export class GarbageCollectionService implements OnModuleDestroy {
  readonly chore: Chore<GcReport>;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(INGEST) private readonly ingest: Ingest,
    @Inject(CLOCK) clock: Clock,
    @Inject(LOGGER) log: Logger,
  ) {
    this.chore = new Chore('garbage collection', { clock, log });
  }

  /** Collects, or joins the collection under way. Rejects with the store's codes, e.g. GC_ROOT_UNREADABLE. */
  collect(wish: CollectionWish): Promise<GcReport> {
    return this.chore.run(wish.trigger, (ports) => this.work(wish, ports));
  }

  /** Starts a collection and answers at once. */
  start(wish: CollectionWish): void {
    this.chore.start(wish.trigger, (ports) => this.work(wish, ports));
  }

  onModuleDestroy(): Promise<void> {
    return this.chore.close();
  }

  private work({ trustedNowMs, quarantineMs, compactBelowLiveRatio = usualLiveRatio }: CollectionWish, ports: Readonly<{ signal: AbortSignal; onProgress: (progress: Readonly<{ phase: string; done: number; total: number }>) => void }>): Promise<GcReport> {
    return this.store.collectGarbage({
      sessions: (visit) => this.ingest.visitRoots(visit), trustedNowMs, quarantineMs, compactBelowLiveRatio, signal: ports.signal, onProgress: ports.onProgress,
    });
  }
}
