import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import type { Clock } from '@lifeboat/model';
import type { StoreHistory, StoreStatus, StoreUsageView } from '@lifeboat/protocol';
import { adviseTarget, bytesOf, inodesOf, type SpaceForecast, type TargetAdvice } from '@lifeboat/retention';
import type { z } from 'zod';
import { isLifeboatError } from '@lifeboat/model';
import { JobBoard } from '../jobs/job-board.js';
import { CATALOG, CLOCK } from '../platform/tokens.js';
import { disksUnder } from '../store/disks-under.js';
import { mountOf, type PathMount } from '../store/mount-of.js';
import { waitsForRoom } from '../store/store-errors.js';
import { StoreSpace, type MeasuredSpace } from '../store/store-space.js';
import { RetentionPlans } from './retention-plans.js';
import { SpaceHistoryService } from './space-history.service.js';
import { StoreUsageService } from './store-usage.service.js';

type Status = Omit<StoreStatus, 'v' | 'storeId' | 'path' | 'device' | 'mountPoint' | 'quotaBytes'>;
const adviceDays = 14;
const listedJobsMax = 1000;

/** How full the store is, why, and when it will be full. */
@Injectable()
export class StoreStatusService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(StoreSpace) private readonly space: StoreSpace,
    @Inject(StoreUsageService) private readonly usage: StoreUsageService,
    @Inject(SpaceHistoryService) private readonly history: SpaceHistoryService,
    @Inject(RetentionPlans) private readonly plans: RetentionPlans,
    @Inject(JobBoard) private readonly board: JobBoard,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Everything about the store at `mount` but its name. */
  async status(mount: PathMount): Promise<Status> {
    const [measured, points, forecast, parked] = await Promise.all([this.space.measure(), this.catalog.points.listAll(), this.history.forecast(), this.board.list({ states: ['parked'], limit: listedJobsMax })]);
    const { sizeBytes, freeBytes, packBytes, plainBytes, reclaimableBytes, chunks, packs } = measured.stats;
    const logicalBytes = points.reduce((sum, point) => sum + point.bytes.used, 0);
    const usage = this.usage.current?.usage;
    return {
      sizeBytes, freeBytes, liveBytes: Math.max(0, packBytes - reclaimableBytes), reclaimableBytes, logicalBytes, dedupRatio: ratio(logicalBytes, plainBytes), compressionRatio: ratio(plainBytes, packBytes),
      watermarks: watermarksOf(measured), pressure: measured.pressure, forecast: forecastViewOf(forecast), chunks, packs, reservedBytes: measured.room.reservedBytes,
      exclusiveBytes: usage ? usage.machines.reduce((sum, machine) => sum + machine.exclusiveBytes, 0) : null, sharedBytes: usage?.sharedBytes ?? null,
      parkedBackups: parked.filter(({ code }) => code !== null && waitsForRoom.has(code)).length, shortfallBytes: await this.shortfall(), advice: [...(await this.advice(mount, measured))],
    };
  }

  /** Whose the bytes are. */
  async usageView(): Promise<z.infer<typeof StoreUsageView>> {
    const { current } = this.usage;
    const { stats } = await this.space.measure();
    if (!current) return { v: 1, measuredAt: null, packBytes: stats.packBytes, exclusiveBytes: 0, sharedBytes: 0, unreferencedBytes: 0, computers: [] };
    const names = new Map((await this.catalog.computers.list()).map((computer) => [computer.machineId, computer]));
    const { machines, packBytes, sharedBytes, unreferencedBytes } = current.usage;
    return {
      v: 1, measuredAt: new Date(current.measuredAtMs).toISOString(), packBytes, exclusiveBytes: machines.reduce((sum, machine) => sum + machine.exclusiveBytes, 0), sharedBytes, unreferencedBytes,
      computers: machines.map(({ machineId, exclusiveBytes, sharedBytes: shared }) => ({
        computer: names.get(machineId)?.name ?? machineId, machineId, uniqueBytes: exclusiveBytes, sharedBytes: shared, points: names.get(machineId)?.points ?? 0,
      })),
    };
  }

  async historyView(days: number): Promise<z.infer<typeof StoreHistory>> {
    const samples = await this.history.samples(days);
    return { v: 1, samples: samples.map(({ atMs, sizeBytes, usedBytes, freeBytes, reclaimableBytes }) => ({ at: new Date(atMs).toISOString(), sizeBytes, usedBytes, freeBytes, reclaimableBytes })) };
  }

  /** What floors keep retention from freeing; null while it refuses to plan. */
  private async shortfall(): Promise<number | null> {
    try {
      return (await this.plans.recent()).plan.shortfallBytes;
    } catch (error) {
      if (!isLifeboatError(error)) throw error;
      return null;
    }
  }

  private async advice(mount: PathMount, { stats }: MeasuredSpace): Promise<readonly TargetAdvice[]> {
    const [disks, root] = [await disksUnder(mount.device), await disksUnder((await mountOf('/')).device)];
    const [computers, samples, points] = await Promise.all([this.catalog.computers.list(), this.history.samples(adviceDays), this.catalog.points.listAll()]);
    const usedBy = new Map(points.map((point) => [point.machineId, point.bytes.used]));
    return adviseTarget({
      mountPoint: mount.mountPoint, device: mount.device, diskIds: disks.flatMap(({ id }) => id ?? []), holdsOperatingSystem: root.some(({ name }) => disks.some((disk) => disk.name === name)), sizeBytes: stats.sizeBytes,
      machines: computers.map(({ machineId, name, facts }) => ({ name, diskIds: facts.diskSerials, usedBytes: usedBy.get(machineId) ?? 0 })),
      samples: samples.map(({ atMs, filesystemUsedBytes, usedBytes }) => ({ atMs, filesystemUsedBytes, storeUsedBytes: usedBytes })), health: 'unknown', writeBytesPerSecond: null, syncMs: null, nowMs: this.clock.nowMs(),
    });
  }
}

function watermarksOf({ room, settings }: MeasuredSpace): NonNullable<StoreStatus['watermarks']> {
  const mark = (total: number, percent: number): number => Math.floor((total * percent) / 100);
  const { greenFreePercent: green, yellowFreePercent: yellow, orangeFreePercent: orange } = settings;
  const { total, reserve } = bytesOf(room);
  const inodes = inodesOf(room);
  return {
    greenFreeBytes: mark(total, green), yellowFreeBytes: mark(total, yellow), orangeFreeBytes: mark(total, orange), reserveBytes: reserve,
    inodes: inodes && { total: inodes.total, free: room.inodesFree, greenFree: mark(inodes.total, green), yellowFree: mark(inodes.total, yellow), orangeFree: mark(inodes.total, orange) },
  };
}

function forecastViewOf({ fullAtMs, reason, bytesPerDay, historyDays, lastMonth }: SpaceForecast): NonNullable<StoreStatus['forecast']> {
  const iso = (timeMs: number): string => new Date(timeMs).toISOString();
  return { historyDays, bytesPerDay, reason, lastMonth, fullAt: fullAtMs && { p10: iso(fullAtMs.p10), p50: iso(fullAtMs.p50), p90: fullAtMs.p90 === null ? null : iso(fullAtMs.p90) } };
}

function ratio(before: number, after: number): number | null {
  return after > 0 ? Math.round((before / after) * 100) / 100 : null;
}
