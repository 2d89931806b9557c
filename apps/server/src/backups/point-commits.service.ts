import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import { SessionNeedsData, type BackupSession } from '@lifeboat/ingest';
import type { MachineId, ManifestDraft, RestorePointManifest, SessionId } from '@lifeboat/model';
import type { SessionCommitResult } from '@lifeboat/protocol';
import type { Logger } from 'pino';
import { JobBoard } from '../jobs/job-board.js';
import { jobIdOf } from '../jobs/job-of-session.js';
import { ChangeLog } from '../platform/change-log.js';
import { ServerLedger } from '../platform/server-ledger.js';
import { CATALOG, LOGGER } from '../platform/tokens.js';
import { DamageService } from '../upkeep/damage.service.js';
import { BackupSessionsService } from './backup-sessions.service.js';

/** Turns finished sessions into restore points. */
@Injectable()
export class PointCommitsService {
  private readonly listeners: ((point: Pick<RestorePointManifest, 'machineId' | 'pointId'>) => Promise<void>)[] = [];

  constructor(
    @Inject(BackupSessionsService) private readonly sessions: BackupSessionsService,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(DamageService) private readonly damage: DamageService,
    @Inject(JobBoard) private readonly board: JobBoard,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(ChangeLog) private readonly changes: ChangeLog,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Calls `listener` after every commit; it must not reject. */
  onCommitted(listener: (point: Pick<RestorePointManifest, 'machineId' | 'pointId'>) => Promise<void>): void {
    this.listeners.push(listener);
  }

  /**
   * The point is in the ledger before this resolves; or the answer says what the store lost of the session meanwhile. The same commit again answers the same.
   * @throws SessionNotFound, and what ingest and store refuse.
   */
  async commit(machineId: MachineId, sessionId: SessionId, draft: ManifestDraft): Promise<SessionCommitResult> {
    const session = this.sessions.get(machineId, sessionId);
    const { name } = await this.catalog.computers.get(machineId);
    try {
      const manifest = await session.commit(draft, { computerName: name });
      await this.publish(session, manifest);
      return { pointId: manifest.pointId, manifest };
    } catch (error) {
      if (!(error instanceof SessionNeedsData)) throw error;
      this.log.warn({ machineId, sessionId, chunks: error.needed.length }, 'chunks of an unfinished backup are gone and are asked for again');
      return { needs: [...error.needed] };
    }
  }

  private async publish(session: BackupSession, manifest: RestorePointManifest): Promise<void> {
    const { machineId } = session;
    await this.ledger.follow();
    // What came with this backup may have been lost in earlier points.
    await this.damage.refreshIfChanged();
    this.changes.pointsChanged(machineId);
    this.log.info({ machineId, pointId: manifest.pointId, bytes: manifest.bytes, state: manifest.state }, 'restore point committed');
    await this.board.finish(jobIdOf(session), { ...outcomeOf(manifest), pointId: manifest.pointId });
    // The agent need not wait for what follows from its point.
    for (const listener of this.listeners) void listener({ machineId, pointId: manifest.pointId });
  }
}

function outcomeOf(manifest: RestorePointManifest): Readonly<{ state: 'done' | 'warned'; code: string | null; message: string | null }> {
  const volumes = manifest.disks.flatMap((disk) => disk.volumes);
  if (manifest.state !== 'good') return { state: 'warned', code: 'POINT_SUSPECT', message: 'The restore point may be inconsistent.' };
  if (volumes.some((volume) => volume.counts.unreadableBytes > 0)) return { state: 'warned', code: 'UNREADABLE_SECTORS', message: 'Some sectors of the source could not be read.' };
  const warned = volumes.some((volume) => volume.warnings.length > 0) || manifest.disks.some((disk) => disk.layout.warnings.length > 0);
  return warned ? { state: 'warned', code: null, message: null } : { state: 'done', code: null, message: null };
}
