import { Body, Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import { defaultStoreSettings } from '@lifeboat/model';
import { restPaths, ScrubRequest, type DamageView, type UpkeepView } from '@lifeboat/protocol';
import type { GcReport, ScrubReport, Store } from '@lifeboat/store';
import type { z } from 'zod';
import { ZodPipe } from '../http/zod.pipe.js';
import { CATALOG, STORE } from '../platform/tokens.js';
import { TrustedTime } from '../trusted-time/trusted-time.js';
import type { ChoreEnd } from './chore.js';
import { damageView, DamageService } from './damage.service.js';
import { GarbageCollectionService } from './garbage-collection.service.js';
import { ScrubService } from './scrub.service.js';

/** Chores of the store: how they stand, and starting them by hand. */
@Controller()
export class UpkeepController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(TrustedTime) private readonly time: TrustedTime,
    @Inject(GarbageCollectionService) private readonly garbage: GarbageCollectionService,
    @Inject(ScrubService) private readonly scrubs: ScrubService,
    @Inject(DamageService) private readonly damage: DamageService,
  ) {}

  @Get(restPaths.storeUpkeep)
  view(): z.infer<typeof UpkeepView> {
    return {
      v: 1, gc: { ...this.garbage.chore.activity, last: endView(this.garbage.chore.last, gcView) }, scrub: { ...this.scrubs.chore.activity, last: endView(this.scrubs.chore.last, scrubView) },
      wantedChunks: this.store.wants().length, damagedPoints: this.damage.damagedPoints,
    };
  }

  /** An operator who collects by hand wants the room now: packs that hold any garbage are rewritten, and what is condemned goes at once. */
  @Post(restPaths.storeGc)
  @HttpCode(202)
  async collect(): Promise<z.infer<typeof UpkeepView>> {
    this.garbage.start({ trigger: 'operator', trustedNowMs: (await this.time.read()).nowMs, quarantineMs: 0, compactBelowLiveRatio: 1 });
    return this.view();
  }

  @Post(restPaths.storeScrub)
  @HttpCode(202)
  scrub(@Body(new ZodPipe(ScrubRequest)) { all }: z.infer<typeof ScrubRequest>): z.infer<typeof UpkeepView> {
    this.scrubs.start({ trigger: 'operator', packs: all ? 'all' : 'due', deadlineMs: defaultStoreSettings.scrubDeadlineMs });
    return this.view();
  }

  @Get(restPaths.storeDamage)
  async listDamage(): Promise<z.infer<typeof DamageView>> {
    const names = new Map((await this.catalog.computers.list()).map(({ machineId, name }) => [machineId, name]));
    const { checkedAtMs, truncated, ranges } = this.damage.view();
    return { v: 1, checkedAt: checkedAtMs === null ? null : new Date(checkedAtMs).toISOString(), truncated, ranges: ranges.map((range) => damageView(range, range.computerName ?? names.get(range.machineId) ?? range.machineId)) };
  }
}

function endView<Report, View>(end: ChoreEnd<Report> | null, view: (report: Report) => View): (Omit<ChoreEnd<Report>, 'startedAtMs' | 'finishedAtMs' | 'result'> & { startedAt: string; finishedAt: string; result: View | null }) | null {
  if (!end) return null;
  const { startedAtMs, finishedAtMs, result, ...rest } = end;
  return { ...rest, startedAt: new Date(startedAtMs).toISOString(), finishedAt: new Date(finishedAtMs).toISOString(), result: result === null ? null : view(result) };
}

function gcView({ livePlainBytes, liveChunks, packsExamined, condemnedPacks, rewrittenPacks, rescuedPacks, deletedPacks, keptDamagedPacks, freedBytes, reclaimableBytes, durationMs }: GcReport) {
  return { liveBytes: livePlainBytes, liveChunks, packsExamined, condemnedPacks, rewrittenPacks, rescuedPacks, deletedPacks, keptDamagedPacks, freedBytes, reclaimableBytes, durationMs: Math.round(durationMs) };
}

function scrubView({ packsRead, bytesRead, damagedPacks, repairedChunks, repairedBytes, lostChunks, oldestUnscrubbedAtMs }: ScrubReport) {
  return { packsRead, bytesRead, damagedPacks, repairedChunks, repairedBytes, lostChunks, oldestUnscrubbedAt: oldestUnscrubbedAtMs === null ? null : new Date(oldestUnscrubbedAtMs).toISOString() };
}
