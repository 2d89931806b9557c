import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import type { Jobs, QueuedJob } from '@lifeboat/jobs';
import { MachineId, type Clock } from '@lifeboat/model';
import type { Logger } from 'pino';
import { BackupRunsService } from '../backups/backup-runs.service.js';
import { JobBoard } from '../jobs/job-board.js';
import { CATALOG, CLOCK, JOBS, LOGGER } from '../platform/tokens.js';

const processorName = 'backup-due';

/**
 * Backups by policy. Each machine has one schedule of its own in the queue, so that jitter spreads them. The queue only says when; whether
 * a backup is wanted is looked up again when it fires. Missed runs are caught up with one.
 */
@Injectable()
export class SchedulesService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOBS) private readonly jobs: Jobs,
    @Inject(BackupRunsService) private readonly runs: BackupRunsService,
    @Inject(JobBoard) private readonly board: JobBoard,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Begins to serve schedules; the queue's contents are brought in line with the policies. */
  async begin(): Promise<void> {
    await this.jobs.process(processorName, (job) => this.backupDue(job));
    // "Every N hours" counts from the last run, whoever started it.
    this.board.onStarted((job) => { if (job.kind === 'backup') this.refreshInBackground(job.machineId); });
    await this.refreshAll();
  }

  /** Brings the machine's schedule in line with its policy. Called when it connects: a run it missed is then queued. */
  async refresh(machineId: MachineId): Promise<void> {
    const { policy } = await this.catalog.policies.effective(machineId);
    const lastRunAtMs = await this.catalog.jobs.lastBackupStartedAtMs(machineId);
    await this.jobs.upsertSchedule({ key: `backup-${machineId}`, name: processorName, schedule: policy.schedule, jitterMs: policy.jitterMs, lastRunAtMs, payload: { machineId } });
  }

  /** As {@link refresh}; a queue that does not answer must not fail what is going on. */
  refreshInBackground(machineId: MachineId): void {
    this.refresh(machineId).catch((error: unknown) => { this.log.error({ err: error, machineId }, 'a schedule could not be refreshed'); });
  }

  /** Brings the schedules of all machines in line with their policies. */
  async refreshAll(): Promise<void> {
    for (const { machineId } of await this.catalog.computers.list()) await this.refresh(machineId);
  }

  private async backupDue(job: QueuedJob): Promise<void> {
    const parsed = MachineId.safeParse(job.payload['machineId']);
    const machine = parsed.success ? await this.catalog.computers.find(parsed.data) : undefined;
    if (!machine) return;
    const { policy } = await this.catalog.policies.effective(machine.machineId);
    const paused = policy.pausedUntilMs !== null && policy.pausedUntilMs > this.clock.nowMs();
    if (policy.schedule.kind === 'manual' || paused) return;
    await this.runs.start(machine.machineId, 'schedule');
  }
}
