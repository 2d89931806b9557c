import { Inject, Injectable } from '@nestjs/common';
import type { JobRecord } from '@lifeboat/catalog';
import type { Ingest } from '@lifeboat/ingest';
import { isLifeboatError, type JobId, type MachineId } from '@lifeboat/model';
import type { JobReport } from '@lifeboat/protocol';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { AgentConnections } from '../connections/agent-connections.js';
import { JobBoard } from '../jobs/job-board.js';
import { jobIdOf } from '../jobs/job-of-session.js';
import { JobFinished } from '../jobs/job-errors.js';
import { INGEST, LOGGER } from '../platform/tokens.js';

export type BackupOptions = Readonly<{ full: boolean; allowInconsistent: boolean }>;

const asConfigured: BackupOptions = { full: false, allowInconsistent: false };

/** Backups that the server wants: asks agents to start and to stop them. What an offline agent should do waits until it connects. */
@Injectable()
export class BackupRunsService {
  /** Options of queued jobs; after a restart of the server a queued job runs as configured. */
  private readonly options = new Map<JobId, BackupOptions>();

  constructor(
    @Inject(JobBoard) private readonly board: JobBoard,
    @Inject(AgentConnections) private readonly connections: AgentConnections,
    @Inject(INGEST) private readonly ingest: Ingest,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Queues a backup and asks the agent at once when it is connected. A queued one of the same machine serves both callers. */
  async start(machineId: MachineId, trigger: 'admin' | 'schedule', options: BackupOptions = asConfigured): Promise<JobRecord> {
    const open = await this.board.listOpen(machineId);
    const waiting = open.find((job) => job.kind === 'backup' && (job.state === 'queued' || (trigger === 'schedule' && job.state !== 'parked')));
    const job = waiting ?? (await this.board.create({ machineId, kind: 'backup', trigger }));
    if (job.state !== 'queued') return job;
    const known = this.options.get(job.jobId) ?? asConfigured;
    this.options.set(job.jobId, { full: known.full || options.full, allowInconsistent: known.allowInconsistent || options.allowInconsistent });
    void this.deliver(job);
    return job;
  }

  /** The machine's agent has connected: hands it what waited, and what it was doing when the connection ended. */
  async agentCame(machineId: MachineId): Promise<void> {
    const open = await this.board.listOpen(machineId);
    for (const job of [...open].reverse()) if (job.kind === 'backup' && job.state !== 'running') await this.deliver(job);
  }

  /** Stops a job; with `now` at once, else after the block in hand. @throws JobUnknown (JOB_NOT_FOUND), JobFinished (JOB_FINISHED) */
  async stop(jobId: JobId, now: boolean): Promise<JobRecord> {
    const job = await this.board.get(jobId);
    if (job.finishedAtMs !== null) throw new JobFinished();
    if (job.state === 'running' && this.connections.isOnline(job.machineId)) {
      const answer = await this.connections.ask(job.machineId, 'job.stop', { jobId, now }).catch(nothingWhenOffline);
      // The agent reports the end itself, and what became of the session.
      if (answer?.ok === true && answer.result.accepted) return this.board.get(jobId);
    }
    const session = this.ingest.list().find((candidate) => jobIdOf(candidate) === jobId);
    await session?.abort('JOB_STOPPED', 'The job was stopped by an operator.');
    this.options.delete(jobId);
    await this.board.finish(jobId, { state: 'stopped', code: 'JOB_STOPPED', message: 'Stopped by an operator.' });
    return this.board.get(jobId);
  }

  /** Takes an agent's word about its own job. @throws JobUnknown (JOB_NOT_FOUND) */
  async report(machineId: MachineId, report: z.infer<typeof JobReport>): Promise<void> {
    const job = await this.board.getOwn(machineId, report.jobId);
    const { state, code, message } = report;
    if (state === 'running') await this.board.start(job.jobId);
    // The point is what the server committed, not what the agent says.
    else await this.board.finish(job.jobId, { state, code, message });
  }

  /** Asks the agent to run the job. No answer leaves it as it is, for the next connection. */
  private async deliver(job: JobRecord): Promise<void> {
    const { jobId, machineId } = job;
    if (!this.connections.isOnline(machineId)) return;
    try {
      const answer = await this.connections.ask(machineId, 'job.start', { jobId, kind: 'backup', disks: [], ...(this.options.get(jobId) ?? asConfigured) });
      if (answer.ok && answer.result.accepted) {
        this.options.delete(jobId);
        await this.board.start(jobId);
        return;
      }
      this.log.info({ jobId, machineId }, 'an agent refused a backup');
      // A parked run may still be taken up by the agent itself.
      if (job.state === 'parked') return;
      const why = answer.ok ? { code: 'JOB_REFUSED', message: answer.result.reason } : { code: answer.code, message: answer.message };
      await this.board.finish(jobId, { state: 'refused', ...why });
    } catch (error) {
      if (!isLifeboatError(error) || error.code !== 'AGENT_OFFLINE') this.log.error({ err: error, jobId }, 'a backup could not be handed to its agent');
    }
  }
}

/** An agent that went offline meanwhile is treated like one that was. */
function nothingWhenOffline(error: unknown): undefined {
  if (isLifeboatError(error) && error.code === 'AGENT_OFFLINE') return undefined;
  throw error;
}
