import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import type { Clock, MachineId, RestorePointId } from '@lifeboat/model';
import type { DamageRange, SessionOpen, VolumeRange } from '@lifeboat/protocol';
import type { FsckDamage, Store } from '@lifeboat/store';
import type { Logger } from 'pino';
import { ChangeLog } from '../platform/change-log.js';
import { ServerLedger } from '../platform/server-ledger.js';
import { CATALOG, CLOCK, LOGGER, STORE } from '../platform/tokens.js';
import { clipToVolumes } from './clip-to-volumes.js';
import { filePathsOfVolume } from './file-paths.js';

/** Ranges kept and shown; a store with more needs more than a list. */
const rangesMax = 10_000;

/** What the store is known to have lost, point by point. Marks points in the ledger when they lose something and when they are whole again. */
@Injectable()
export class DamageService implements OnApplicationBootstrap {
  private ranges: readonly FsckDamage[] = [];
  private truncated = false;
  private checkedAtMs: number | null = null;
  private wantsThen = 0;
  private refreshing: Promise<void> = Promise.resolve();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(ChangeLog) private readonly changes: ChangeLog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** What was known to be lost before a restart is shown and wanted again. */
  onApplicationBootstrap(): void {
    void this.refresh('scrub').catch((error: unknown) => { this.log.error({ err: error }, 'what the store has lost could not be looked at'); });
  }

  /** Everything that is known to be lost; times of the last look, null before the first. */
  view(): Readonly<{ checkedAtMs: number | null; truncated: boolean; ranges: readonly FsckDamage[] }> {
    return { checkedAtMs: this.checkedAtMs, truncated: this.truncated, ranges: this.ranges };
  }

  /** Points that cannot give back everything. */
  get damagedPoints(): number {
    return new Set(this.ranges.map(({ pointId }) => pointId)).size;
  }

  /** Ranges of these volumes whose bytes were lost in any point of the machine: a backup that sends them may heal those points. */
  wantsOf(machineId: MachineId, volumes: SessionOpen['volumes']): VolumeRange[] {
    return clipToVolumes(this.ranges.filter((range) => range.machineId === machineId), volumes);
  }

  /** Looks again which points what is lost belongs to, and marks them. One look at a time; a call during one looks once more after it. */
  refresh(cause: 'scrub' | 'heal'): Promise<void> {
    this.refreshing = this.refreshing.catch(() => undefined).then(() => this.look(cause));
    return this.refreshing;
  }

  /** As {@link refresh}, when anything was healed or lost since the last look; never rejects. */
  async refreshIfChanged(): Promise<void> {
    if (this.store.wants().length === this.wantsThen) return;
    await this.refresh('heal').catch((error: unknown) => { this.log.error({ err: error }, 'what the store has lost could not be looked at'); });
  }

  private async look(cause: 'scrub' | 'heal'): Promise<void> {
    const wants = this.store.wants();
    const report = await this.store.damagedPoints(wants.map(({ digest }) => digest), { filePaths: filePathsOfVolume });
    this.ranges = report.damage.slice(0, rangesMax);
    this.truncated = report.truncated || report.damage.length > rangesMax;
    this.wantsThen = wants.length;
    this.checkedAtMs = this.clock.nowMs();
    await this.mark(cause);
  }

  private async mark(cause: 'scrub' | 'heal'): Promise<void> {
    const lost = byPoint(this.ranges);
    for (const { machineId } of await this.catalog.computers.list()) {
      for (const point of await this.catalog.points.listByMachine(machineId)) {
        const ranges = lost.get(point.pointId);
        if (ranges && point.state !== 'damaged') await this.markPoint(machineId, point.pointId, { state: 'damaged', cause, reason: describeLoss(ranges) });
        else if (!ranges && point.state === 'damaged' && !this.truncated) await this.healPoint(machineId, point.pointId);
      }
    }
  }

  /** Back to what the point was when it was made; a point that was bad for other reasons stays bad. */
  private async healPoint(machineId: MachineId, pointId: RestorePointId): Promise<void> {
    const { state } = await this.store.readManifest(machineId, pointId);
    await this.markPoint(machineId, pointId, { state, cause: 'heal', reason: 'everything that was lost is back' });
  }

  private async markPoint(machineId: MachineId, pointId: RestorePointId, mark: Readonly<{ state: 'good' | 'suspect' | 'damaged'; cause: 'scrub' | 'heal'; reason: string }>): Promise<void> {
    await this.ledger.append({ type: 'point.marked', machineId, pointId, ...mark });
    this.changes.pointsChanged(machineId);
    this.log.warn({ machineId, pointId, ...mark }, 'a restore point was marked');
  }
}

function byPoint(ranges: readonly FsckDamage[]): Map<RestorePointId, FsckDamage[]> {
  const grouped = new Map<RestorePointId, FsckDamage[]>();
  for (const range of ranges) {
    const own = grouped.get(range.pointId) ?? [];
    own.push(range);
    grouped.set(range.pointId, own);
  }
  return grouped;
}

function describeLoss(ranges: readonly FsckDamage[]): string {
  const lostBytes = ranges.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  const volumes = [...new Set(ranges.map(({ volumeId }) => volumeId ?? 'the point itself'))];
  return `${String(lostBytes)} bytes in ${String(ranges.length)} places cannot be read: ${volumes.slice(0, 10).join(', ')}`.slice(0, 1000);
}

/** A range as the API tells it. */
export function damageView(range: FsckDamage, computer: string): DamageRange {
  const { machineId, pointId, createdAtMs, diskId, volumeId, offsetBytes, diskOffsetBytes, lengthBytes, structure, digest, detail } = range;
  return {
    computer, machineId, pointId, createdAt: new Date(createdAtMs).toISOString(), diskId, volumeId, offset: offsetBytes, diskOffset: diskOffsetBytes, length: lengthBytes, structure, digest,
    files: range.files?.map(({ path, fileOffsetBytes }) => ({ path, offset: fileOffsetBytes })) ?? null, detail,
  };
}
