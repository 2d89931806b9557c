import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, RetentionRunRecord } from '@lifeboat/catalog';
import { quarantineMs, type Pressure } from '@lifeboat/retention';
import { ServerLedger } from '../platform/server-ledger.js';
import { CATALOG } from '../platform/tokens.js';
import { StoreSpace } from '../store/store-space.js';
import { TrustedTime } from '../trusted-time/trusted-time.js';
import { GARBAGE_COLLECTOR, type GarbageCollector } from './garbage-collector.js';
import { StoreUsageService } from './store-usage.service.js';

/** The tighter room is, the more copying a freed byte is worth. */
const compactBelow: Readonly<Record<Pressure, number>> = { green: 0.6, yellow: 0.75, orange: 0.9, red: 0.97 };

/** What retention needs of the store around its decisions: measuring, collecting, writing down. */
@Injectable()
export class RetentionUpkeep {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(StoreSpace) private readonly space: StoreSpace,
    @Inject(StoreUsageService) private readonly usage: StoreUsageService,
    @Inject(TrustedTime) private readonly time: TrustedTime,
    @Inject(GARBAGE_COLLECTOR) private readonly collector: GarbageCollector,
  ) {}

  /** When room is tight, deletions are chosen by what they free, so that has to be known first. */
  async measureWhenTight(): Promise<void> {
    this.space.changed();
    if ((await this.space.measure()).pressure !== 'green') await this.usage.refresh();
  }

  /** There is room enough. */
  async isRelieved(): Promise<boolean> {
    this.space.changed();
    return (await this.space.measure()).pressure === 'green';
  }

  /** Collects garbage when wanted, and in any case when room is tight and something waits to be freed. @returns bytes of files that are gone. */
  async collect(wanted: boolean, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    this.space.changed();
    const { pressure, settings, stats } = await this.space.measure();
    if (!wanted && (pressure === 'green' || stats.reclaimableBytes === 0)) return 0;
    const { nowMs, clock } = await this.time.read();
    // While the clock is doubted, no time to bring something back is shortened.
    const stayMs = clock.jumped ? settings.undeleteMs : quarantineMs(pressure, settings);
    const { freedBytes } = await this.collector.collect({ trigger: 'retention', trustedNowMs: nowMs, quarantineMs: stayMs, compactBelowLiveRatio: compactBelow[pressure] });
    this.space.changed();
    this.usage.changed();
    return freedBytes;
  }

  async record(run: Omit<RetentionRunRecord, 'seq' | 'ranAtMs'>): Promise<void> {
    await this.ledger.append({ type: 'retention.ran', ...run });
  }

  /** Remembers size and pressure for the next run: a store that is smaller then is asked about. @returns the size */
  async remember(): Promise<number> {
    this.space.changed();
    const { room, pressure } = await this.space.measure();
    await this.catalog.space.remember({ sizeBytes: room.sizeBytes, pressure });
    this.space.changed();
    return room.sizeBytes;
  }

  /** Size of the store, as the quota makes it. */
  async sizeBytes(): Promise<number> {
    return (await this.space.measure()).room.sizeBytes;
  }
}
