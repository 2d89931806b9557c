import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, SpaceMemory } from '@lifeboat/catalog';
import type { BackupSession, Ingest } from '@lifeboat/ingest';
import { defaultStoreSettings, seconds, type Clock, type SessionId, type StoreSettings } from '@lifeboat/model';
import { pressureOf, type Pressure, type StoreSpace as Room } from '@lifeboat/retention';
import { reserveBytesFor, StoreFull, type Store, type StoreStats } from '@lifeboat/store';
import type { ServerConfig } from '../config/server-config.js';
import { JobBoard } from '../jobs/job-board.js';
import { jobIdOf } from '../jobs/job-of-session.js';
import { CATALOG, CLOCK, CONFIG, INGEST, STORE } from '../platform/tokens.js';
import { sideFileBytes } from './side-files.js';
import { needOf, type LastIncrement, type SessionNeed } from './session-needs.js';
import { FirstBackupsWait } from './store-errors.js';

const measuredAgeMaxMs = seconds(1);
/** What lies beside the packs grows slowly and costs a look at many files. */
const besideAgeMaxMs = seconds(15);

/** Room in the store at one moment. `pressure` counts what all running backups will still write. */
export type MeasuredSpace = Readonly<{
  stats: StoreStats; room: Room; settings: StoreSettings; settingsSet: boolean; memory: SpaceMemory | null; pressure: Pressure; needs: ReadonlyMap<SessionId, SessionNeed>;
}>;

/** Room in the store as the quota makes it, how tight it is, and whether a backup may go on. */
@Injectable()
export class StoreSpace {
  private cached: Readonly<{ atMs: number; measured: Promise<MeasuredSpace> }> | undefined;
  private beside: Readonly<{ atMs: number; bytes: number }> | undefined;
  private readonly lastIncrements = new Map<SessionId, LastIncrement>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CONFIG) private readonly config: ServerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(INGEST) private readonly ingest: Ingest,
    @Inject(JobBoard) private readonly board: JobBoard,
  ) {}

  /** Current sizes, at most a second old. The quota bounds size and free space as if the filesystem were that large. */
  async stats(): Promise<StoreStats> {
    return (await this.measure()).stats;
  }

  /** Room and pressure, at most a second old. */
  measure(): Promise<MeasuredSpace> {
    const nowMs = this.clock.monotonicMs();
    if (this.cached && nowMs - this.cached.atMs <= measuredAgeMaxMs) return this.cached.measured;
    const measured = this.measureNow();
    this.cached = { atMs: nowMs, measured };
    measured.catch(() => { this.cached = undefined; });
    return measured;
  }

  /** Forgets what was measured: something was freed. */
  changed(): void {
    this.cached = undefined;
  }

  /**
   * Called before each frame of a backup. What other backups will still write counts, what this one will not: alone, it may fill the store to the reserve.
   *
   * @throws StoreFull (STORE_FULL) only the reserve is left, or other running backups need the rest.
   * @throws FirstBackupsWait (FIRST_BACKUPS_WAIT) room is tight, and this machine has no restore point yet.
   */
  async assertRoom(session: BackupSession): Promise<void> {
    const { room, settings, memory, needs } = await this.measure();
    const own = needs.get(session.sessionId) ?? { bytes: 0, inodes: 0 };
    const begun = session.counters.plainBytes > 0;
    // Whoever has begun is not stopped by what others may need, else two backups would wait for each other.
    const others = begun ? { reservedBytes: 0, reservedInodes: 0 } : { reservedBytes: Math.max(0, room.reservedBytes - own.bytes), reservedInodes: Math.max(0, room.reservedInodes - own.inodes) };
    const pressure = pressureOf({ ...room, ...others }, settings, memory?.pressure ?? null);
    if (pressure === 'red') throw new StoreFull();
    if (pressure === 'orange' && !begun && this.lastIncrements.get(session.sessionId) === null) throw new FirstBackupsWait();
  }

  private async measureNow(): Promise<MeasuredSpace> {
    const [stats, settings, memory] = await Promise.all([this.bounded(), this.catalog.retention.settings(), this.catalog.space.memory()]);
    const needs = await this.needs();
    const room = roomOf(stats, { quotaBytes: this.config.quotaBytes, previousSizeBytes: memory?.sizeBytes ?? null, needs: [...needs.values()] });
    const inForce = settings ?? defaultStoreSettings;
    return { stats, room, settings: inForce, settingsSet: settings !== null, memory, needs, pressure: pressureOf(room, inForce, memory?.pressure ?? null) };
  }

  private async bounded(): Promise<StoreStats> {
    const raw = await this.store.stats();
    const { quotaBytes, dataDir } = this.config;
    if (quotaBytes === null) return withQuota(raw, null);
    const nowMs = this.clock.monotonicMs();
    if (!this.beside || nowMs - this.beside.atMs > besideAgeMaxMs) this.beside = { atMs: nowMs, bytes: await sideFileBytes(join(dataDir, 'store'), raw.packBytes) };
    return withQuota(raw, { quotaBytes, besideBytes: this.beside.bytes });
  }

  private async needs(): Promise<Map<SessionId, SessionNeed>> {
    const needs = new Map<SessionId, SessionNeed>();
    for (const session of this.ingest.list()) {
      if (session.state === 'committed' || session.state === 'aborted') continue;
      const last = await this.lastIncrementOf(session);
      needs.set(session.sessionId, needOf(session.counters, last, this.board.progressOf(jobIdOf(session))?.bytes.used ?? null));
    }
    for (const sessionId of this.lastIncrements.keys()) if (!needs.has(sessionId)) this.lastIncrements.delete(sessionId);
    return needs;
  }

  /** Looked up once per session. */
  private async lastIncrementOf({ sessionId, machineId }: BackupSession): Promise<LastIncrement> {
    const known = this.lastIncrements.get(sessionId);
    if (known !== undefined) return known;
    const [newest] = await this.catalog.points.listByMachine(machineId);
    const last = newest ? { storedBytes: newest.bytes.stored } : null;
    this.lastIncrements.set(sessionId, last);
    return last;
  }
}

/**
 * Sizes as if the filesystem had `quotaBytes`, of which only the store uses any: packs, and `besideBytes` for everything else. What the reserve holds is free to those
 * who may use it. Pure.
 */
export function withQuota(stats: StoreStats, quota: Readonly<{ quotaBytes: number; besideBytes: number }> | null): StoreStats {
  const freeBytes = Math.min(stats.sizeBytes, stats.freeBytes + stats.reserveBytes);
  if (quota === null) return { ...stats, freeBytes };
  const { quotaBytes, besideBytes } = quota;
  return { ...stats, sizeBytes: Math.min(stats.sizeBytes, quotaBytes), freeBytes: Math.max(0, Math.min(freeBytes, quotaBytes - stats.packBytes - besideBytes)) };
}

type RoomFacts = Readonly<{ quotaBytes: number | null; previousSizeBytes: number | null; needs: readonly SessionNeed[] }>;

/** Sizes as retention decides from them. Pure. */
export function roomOf(stats: StoreStats, { quotaBytes, previousSizeBytes, needs }: RoomFacts): Room {
  const { sizeBytes, freeBytes, reclaimableBytes, inodesTotal, inodesFree } = stats;
  return {
    sizeBytes, previousSizeBytes, quotaBytes: quotaBytes === null ? null : Math.max(quotaBytes, sizeBytes), freeBytes, reclaimableBytes, reserveBytes: reserveBytesFor(sizeBytes),
    reservedBytes: needs.reduce((sum, need) => sum + need.bytes, 0), inodesTotal, inodesFree, reservedInodes: needs.reduce((sum, need) => sum + need.inodes, 0),
  };
}
