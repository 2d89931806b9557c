import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import type { BackupSession, Ingest } from '@lifeboat/ingest';
import type { BackupProgress, JobId, MachineId, RestorePointId, RestorePointManifest, SessionId } from '@lifeboat/model';
import { initialCreditBytes, type SessionAttached, type SessionOpen, type SessionOpened } from '@lifeboat/protocol';
import { PointDamaged, type Store } from '@lifeboat/store';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { Tickets } from '../data-plane/tickets.js';
import { JobBoard } from '../jobs/job-board.js';
import { jobIdOf } from '../jobs/job-of-session.js';
import { JobFinished } from '../jobs/job-errors.js';
import { CATALOG, INGEST, LOGGER, STORE } from '../platform/tokens.js';
import { waitsForRoom } from '../store/store-errors.js';
import { DamageService } from '../upkeep/damage.service.js';
import { SessionNotFound } from './backup-errors.js';

/** Backup sessions as agents drive them. Every method takes the authenticated machine and finds nothing of another one. */
@Injectable()
export class BackupSessionsService {
  constructor(
    @Inject(INGEST) private readonly ingest: Ingest,
    @Inject(STORE) private readonly store: Store,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(DamageService) private readonly damage: DamageService,
    @Inject(JobBoard) private readonly board: JobBoard,
    @Inject(Tickets) private readonly tickets: Tickets,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Opens a session and its job. @throws JobUnknown (JOB_NOT_FOUND), JobFinished (JOB_FINISHED), and what ingest refuses. */
  async open(machineId: MachineId, open: SessionOpen): Promise<z.infer<typeof SessionOpened>> {
    if (open.jobId) {
      const asked = await this.board.getOwn(machineId, open.jobId);
      if (asked.finishedAtMs !== null) throw new JobFinished();
    }
    const session = await this.ingest.open({ machineId, open, findBase: (pointId) => this.findBase(machineId, pointId) });
    const jobId = jobIdOf(session);
    await this.board.create({ machineId, kind: 'backup', trigger: 'agent', jobId });
    await this.supersedeOthers(machineId, jobId);
    await this.board.start(jobId);
    this.log.info({ machineId, sessionId: session.sessionId, jobId, durableSeq: session.durableSeq }, 'backup session opened');
    const { sessionId, durableSeq, bases } = session;
    const wants = this.damage.wantsOf(machineId, open.volumes);
    return { sessionId, jobId, ticket: this.ticketFor(session), creditBytes: initialCreditBytes, durableSeq, bases: [...bases], ...(wants.length > 0 ? { wants } : {}) };
  }

  /** A point that is suspect or damaged by now is nobody's base, whatever it was when it was made. @throws PointDamaged (POINT_DAMAGED), PointMissing (POINT_MISSING). */
  private async findBase(machineId: MachineId, pointId: RestorePointId): Promise<RestorePointManifest> {
    const known = (await this.catalog.points.listByMachine(machineId)).find((point) => point.pointId === pointId);
    if (known && known.state !== 'good') throw new PointDamaged({ file: `points/${machineId}/${pointId}`, reason: `the point is ${known.state}` });
    return this.store.readManifest(machineId, pointId);
  }

  /** Lets the agent go on where the session is durable. @throws SessionNotFound (SESSION_NOT_FOUND), JobFinished (JOB_FINISHED) */
  async attach(machineId: MachineId, sessionId: SessionId): Promise<z.infer<typeof SessionAttached>> {
    const session = this.get(machineId, sessionId);
    const job = await this.board.getOwn(machineId, jobIdOf(session));
    if (job.finishedAtMs !== null && session.state !== 'committed') throw new JobFinished();
    // A run that waits for room goes on when bytes are durable again, not when its agent asks.
    if (job.code === null || !waitsForRoom.has(job.code)) await this.board.start(job.jobId);
    return { ticket: this.ticketFor(session), durableSeq: session.durableSeq, creditBytes: initialCreditBytes };
  }

  /** Ends the session for good, as the agent wishes. An unknown one has ended already. */
  async abort(machineId: MachineId, sessionId: SessionId, why: Readonly<{ code: string; message: string }>): Promise<void> {
    const session = this.ingest.find(machineId, sessionId);
    if (!session) return;
    await session.abort(why.code, why.message);
    await this.board.finish(jobIdOf(session), { state: 'failed', ...why });
  }

  /** Takes a progress report. What was stored is the server's own number. */
  report(machineId: MachineId, sessionId: SessionId, progress: BackupProgress): void {
    const session = this.get(machineId, sessionId);
    const jobId = jobIdOf(session);
    this.board.report(jobId, machineId, { ...progress, bytes: { ...progress.bytes, stored: session.counters.storedBytes } });
  }

  /** A ticket for the maps that the session's REF frames refer to. @throws SessionNotFound (SESSION_NOT_FOUND) */
  openBaseMap(machineId: MachineId, sessionId: SessionId): Readonly<{ ticket: string; creditBytes: number }> {
    this.get(machineId, sessionId);
    return { ticket: this.tickets.issue({ kind: 'base-map', machineId, sessionId }), creditBytes: initialCreditBytes };
  }

  /** The agent is gone: what it was doing waits for it. */
  async agentLeft(machineId: MachineId): Promise<void> {
    for (const job of await this.board.listOpen(machineId)) {
      if (job.state === 'running' && job.kind === 'backup') await this.board.park(job.jobId, { code: 'AGENT_DISCONNECTED', message: 'The agent is not connected; the backup goes on where it was when it comes back.' });
    }
  }

  /** The machine's own session. @throws SessionNotFound (SESSION_NOT_FOUND) also for another machine's. */
  get(machineId: MachineId, sessionId: SessionId): BackupSession {
    const session = this.ingest.find(machineId, sessionId);
    if (!session) throw new SessionNotFound();
    return session;
  }

  private ticketFor(session: BackupSession): string {
    return this.tickets.issue({ kind: 'backup', machineId: session.machineId, sessionId: session.sessionId });
  }

  /** A machine backs up one thing at a time: an older run that never ended will not go on any more. */
  private async supersedeOthers(machineId: MachineId, jobId: JobId): Promise<void> {
    for (const other of await this.board.listOpen(machineId)) {
      if (other.jobId === jobId || other.kind !== 'backup' || other.state === 'queued') continue;
      await this.board.finish(other.jobId, { state: 'stopped', code: 'JOB_SUPERSEDED', message: 'A newer backup of this computer took over.' });
    }
  }
}
