import { Inject, Injectable } from '@nestjs/common';
import type { Ingest } from '@lifeboat/ingest';
import type { GcReport, Store } from '@lifeboat/store';
import { INGEST, STORE } from '../platform/tokens.js';
import type { GarbageCollector } from './garbage-collector.js';

/** Collects straight in the store, sparing what running backups rely on. */
@Injectable()
export class StoreCollector implements GarbageCollector {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(INGEST) private readonly ingest: Ingest,
  ) {}

  collect({ trustedNowMs, quarantineMs, compactBelowLiveRatio }: Parameters<GarbageCollector['collect']>[0]): Promise<GcReport> {
    return this.store.collectGarbage({ sessions: (visit) => this.ingest.visitRoots(visit), trustedNowMs, quarantineMs, compactBelowLiveRatio });
  }
}
