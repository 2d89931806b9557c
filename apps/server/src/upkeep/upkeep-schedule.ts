import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import type { Jobs } from '@lifeboat/jobs';
import { defaultStoreSettings, hours, minutes, type Clock } from '@lifeboat/model';
import { CATALOG, CLOCK, JOBS } from '../platform/tokens.js';
import { TrustedTime } from '../trusted-time/trusted-time.js';
import { GarbageCollectionService } from './garbage-collection.service.js';
import { ScrubService } from './scrub.service.js';

const gcEveryMs = hours(24);
const scrubEveryMs = hours(1);
/** Condemned packs stay this long when nobody is short of room, so that a mistake can be undone. */
const quarantineMs = hours(24);

/** The store's chores by the clock: garbage daily, and every hour the packs whose turn it is to be read. */
@Injectable()
export class UpkeepSchedule implements OnApplicationBootstrap {
  constructor(
    @Inject(JOBS) private readonly jobs: Jobs,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(TrustedTime) private readonly time: TrustedTime,
    @Inject(GarbageCollectionService) private readonly garbage: GarbageCollectionService,
    @Inject(ScrubService) private readonly scrubs: ScrubService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const nowMs = this.clock.nowMs();
    await this.jobs.process('store-gc', async () => {
      await this.quietly(async () => this.garbage.collect({ trigger: 'schedule', trustedNowMs: (await this.time.read()).nowMs, quarantineMs }));
    });
    await this.jobs.process('store-scrub', async () => {
      const { scrubDeadlineMs } = (await this.catalog.retention.settings()) ?? defaultStoreSettings;
      await this.quietly(() => this.scrubs.scrub({ trigger: 'schedule', packs: 'due', deadlineMs: scrubDeadlineMs }));
    });
    await this.jobs.upsertSchedule({ key: 'store-gc', name: 'store-gc', schedule: { kind: 'every', intervalMs: gcEveryMs }, jitterMs: minutes(30), lastRunAtMs: nowMs, payload: {} });
    await this.jobs.upsertSchedule({ key: 'store-scrub', name: 'store-scrub', schedule: { kind: 'every', intervalMs: scrubEveryMs }, jitterMs: minutes(5), lastRunAtMs: nowMs, payload: {} });
  }

  /** A chore that failed is tried when its time comes again; it has said so itself. */
  private async quietly(chore: () => Promise<unknown>): Promise<void> {
    await chore().catch(() => undefined);
  }
}
