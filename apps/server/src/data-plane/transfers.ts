import { Inject, Injectable } from '@nestjs/common';
import type { BackupSession, Ingest } from '@lifeboat/ingest';
import type { Store } from '@lifeboat/store';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { jobIdOf } from '../jobs/job-of-session.js';
import { JobBoard } from '../jobs/job-board.js';
import { isUnexpected, refusalOf } from '../http/refusal.js';
import { INGEST, LOGGER, STORE } from '../platform/tokens.js';
import { PointUses } from '../points-keeping/point-uses.js';
import { StoreSpace } from '../store/store-space.js';
import { BackupTransfer } from './backup-transfer.js';
import { baseMapSource } from './base-map-source.js';
import { failAndClose } from './data-socket.js';
import { pointSource } from './point-source.js';
import { ReadTransfer } from './read-transfer.js';
import { TicketInvalid, TransferReplaced } from './ticket-errors.js';
import type { Grant } from './tickets.js';

type Transfer = Readonly<{ end: (reason: unknown) => Promise<void> }>;

/** The data connections under way. A backup session has one: a newer one replaces it, because the older is a connection that died unnoticed. */
@Injectable()
export class Transfers {
  private readonly open = new Set<Transfer>();
  private readonly backups = new Map<string, BackupTransfer>();

  constructor(
    @Inject(INGEST) private readonly ingest: Ingest,
    @Inject(STORE) private readonly store: Store,
    @Inject(StoreSpace) private readonly space: StoreSpace,
    @Inject(JobBoard) private readonly board: JobBoard,
    @Inject(PointUses) private readonly uses: PointUses,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Serves a socket that was opened with a ticket for `grant`. */
  async begin(socket: WebSocket, grant: Grant): Promise<void> {
    if (grant.kind === 'restore') {
      socket.once('close', this.uses.begin(grant.manifest.pointId));
      this.keep(socket, new ReadTransfer(socket, { source: pointSource(this.store, grant.manifest), onFailed: (error) => { this.noteFailure(error, grant.kind); } }));
      return;
    }
    const session = this.ingest.find(grant.machineId, grant.sessionId);
    if (!session) await failAndClose(socket, new TicketInvalid());
    else if (grant.kind === 'backup') await this.beginBackup(socket, session);
    else this.keep(socket, new ReadTransfer(socket, { source: baseMapSource(session), onFailed: (error) => { this.noteFailure(error, grant.kind); } }));
  }

  /** Ends all transfers; what was taken is durable when this resolves. */
  async endAll(reason: unknown): Promise<void> {
    await Promise.all([...this.open].map((transfer) => transfer.end(reason)));
  }

  private async beginBackup(socket: WebSocket, session: BackupSession): Promise<void> {
    // Frames that come while the older connection is put away are kept by the paused socket.
    socket.pause();
    const older = this.backups.get(session.sessionId);
    await older?.end(new TransferReplaced());
    const transfer = new BackupTransfer(socket, {
      session, assertRoom: () => this.space.assertRoom(session), onDurable: () => this.backupGoesOn(session), onFailed: (error) => this.backupFailed(session, error),
    });
    this.backups.set(session.sessionId, transfer);
    socket.on('close', () => { if (this.backups.get(session.sessionId) === transfer) this.backups.delete(session.sessionId); });
    this.keep(socket, transfer);
    socket.resume();
  }

  private keep(socket: WebSocket, transfer: Transfer): void {
    this.open.add(transfer);
    socket.on('close', () => { this.open.delete(transfer); });
  }

  /** Bytes of a parked run became durable again: only now it runs, however often its agent knocked meanwhile. */
  private async backupGoesOn(session: BackupSession): Promise<void> {
    if (!this.board.isParked(jobIdOf(session))) return;
    try {
      await this.board.start(jobIdOf(session));
    } catch (cause) {
      this.log.error({ err: cause }, 'a job could not be updated');
    }
  }

  private async backupFailed(session: BackupSession, error: unknown): Promise<void> {
    this.noteFailure(error, 'backup');
    const { refusal } = refusalOf(error);
    const why = { code: refusal.code, message: refusal.message };
    try {
      if (session.state === 'aborted') await this.board.finish(jobIdOf(session), { state: 'failed', ...why });
      else await this.board.park(jobIdOf(session), why);
    } catch (cause) {
      // The transfer has ended either way; the job is put right when the agent comes back.
      this.log.error({ err: cause }, 'a job could not be updated');
    }
  }

  private noteFailure(error: unknown, kind: Grant['kind']): void {
    if (isUnexpected(error)) this.log.error({ err: error, kind }, 'a transfer failed unexpectedly');
    else this.log.warn({ err: error, kind }, 'a transfer ended early');
  }
}
