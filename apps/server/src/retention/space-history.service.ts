import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, SpaceSample } from '@lifeboat/catalog';
import { days, hours, type Clock } from '@lifeboat/model';
import { forecastSpace, type SpaceForecast } from '@lifeboat/retention';
import type { Store } from '@lifeboat/store';
import { CATALOG, CLOCK, STORE } from '../platform/tokens.js';
import { StoreSpace } from '../store/store-space.js';

const sampleEveryMs = hours(1);
const keptMs = days(800);
const forecastFromMs = days(130);
const forecastAgeMaxMs = hours(1);

/** Writes down every hour how full the store is, and says when it will be full. */
@Injectable()
export class SpaceHistoryService {
  private lastSampleMs: number | undefined;
  private cached: Readonly<{ atMs: number; forecast: SpaceForecast }> | undefined;

  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(STORE) private readonly store: Store,
    @Inject(StoreSpace) private readonly space: StoreSpace,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Takes a sample when the last one is an hour old. */
  async sampleWhenDue(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (this.lastSampleMs !== undefined && nowMs - this.lastSampleMs < sampleEveryMs) return;
    this.lastSampleMs = nowMs;
    const [raw, { stats }] = await Promise.all([this.store.stats(), this.space.measure()]);
    const atMs = this.clock.nowMs();
    const { sizeBytes, freeBytes, packBytes, reclaimableBytes } = stats;
    await this.catalog.space.add({ atMs, sizeBytes, usedBytes: packBytes, freeBytes, reclaimableBytes, filesystemUsedBytes: Math.max(0, raw.sizeBytes - raw.freeBytes) }, Math.max(0, atMs - keptMs));
    this.cached = undefined;
  }

  /** Samples of the last `sinceDays` days, oldest first. */
  samples(sinceDays: number): Promise<readonly SpaceSample[]> {
    return this.catalog.space.list(Math.max(0, this.clock.nowMs() - days(sinceDays)));
  }

  /** When the store is full if it goes on as before; at most an hour old. */
  async forecast(): Promise<SpaceForecast> {
    const nowMs = this.clock.nowMs();
    if (this.cached && nowMs - this.cached.atMs < forecastAgeMaxMs && nowMs >= this.cached.atMs) return this.cached.forecast;
    const [history, { room, stats }] = await Promise.all([this.catalog.space.list(Math.max(0, nowMs - forecastFromMs)), this.space.measure()]);
    // What others write to the filesystem leaves less for the store.
    const fullBytes = Math.max(0, stats.packBytes + Math.max(0, stats.freeBytes) - room.reserveBytes);
    const forecast = forecastSpace({ history, fullBytes, nowMs });
    this.cached = { atMs: nowMs, forecast };
    return forecast;
  }
}
