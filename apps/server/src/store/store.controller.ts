import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { restPaths, StoreConfirm, StoreHistoryQuery, type StoreConfirmed, type StoreHistory, type StoreStatus, type StoreUsageView } from '@lifeboat/protocol';
import type { Store } from '@lifeboat/store';
import type { z } from 'zod';
import { ActingOperator, assertAdmin } from '../access/acting-operator.js';
import type { Operator } from '../access/operator-sessions.js';
import type { ServerConfig } from '../config/server-config.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { CONFIG, STORE } from '../platform/tokens.js';
import { RetentionUpkeep } from '../retention/retention-upkeep.js';
import { StoreStatusService } from '../retention/store-status.js';
import { TrustedTime } from '../trusted-time/trusted-time.js';
import { mountOf } from './mount-of.js';

/** How full the store is, how well it saves and whose its bytes are. */
@Controller()
export class StoreController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(StoreStatusService) private readonly statuses: StoreStatusService,
    @Inject(RetentionUpkeep) private readonly upkeep: RetentionUpkeep,
    @Inject(TrustedTime) private readonly time: TrustedTime,
    @Inject(CONFIG) private readonly config: ServerConfig,
  ) {}

  @Get(restPaths.store)
  async status(): Promise<z.infer<typeof StoreStatus>> {
    const { dataDir, quotaBytes } = this.config;
    const mount = await mountOf(dataDir);
    return { v: 1, storeId: this.store.storeId, path: dataDir, device: mount.device, mountPoint: mount.mountPoint, quotaBytes, ...(await this.statuses.status(mount)) };
  }

  @Get(restPaths.storeUsage)
  usage(): Promise<z.infer<typeof StoreUsageView>> {
    return this.statuses.usageView();
  }

  @Get(restPaths.storeHistory)
  history(@Query(new ZodPipe(StoreHistoryQuery)) { days }: z.output<typeof StoreHistoryQuery>): Promise<z.infer<typeof StoreHistory>> {
    return this.statuses.historyView(days);
  }

  /** An admin looked: the clock is right, or the store is meant to be of this size. Until then nothing is deleted. */
  @Post(restPaths.storeConfirm)
  @HttpCode(200)
  async confirm(@ActingOperator() by: Operator, @Body(new ZodPipe(StoreConfirm)) { clock, size }: z.output<typeof StoreConfirm>): Promise<z.infer<typeof StoreConfirmed>> {
    assertAdmin(by);
    const { nowMs } = clock ? await this.time.confirm() : await this.time.read();
    return { v: 1, trustedNow: new Date(nowMs).toISOString(), sizeBytes: size ? await this.upkeep.remember() : await this.upkeep.sizeBytes() };
  }
}
