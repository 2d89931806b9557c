import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, JobChange, JobQuery, JobRecord, JobState } from '@lifeboat/catalog';
import { JobId, randomHex128, type BackupProgress, type Clock, type MachineId, type Random, type RestorePointId } from '@lifeboat/model';
import type { Job } from '@lifeboat/protocol';
import { ChangeLog } from '../platform/change-log.js';
import { CATALOG, CLOCK, RANDOM } from '../platform/tokens.js';
import { JobUnknown } from './job-errors.js';
import { RateMeter } from './rate-meter.js';

type LiveJob = { progress: BackupProgress; readonly meter: RateMeter };
type Outcome = Readonly<{ state: 'done' | 'warned' | 'failed' | 'stopped' | 'refused' | 'missed'; code: string | null; message: string | null; pointId?: RestorePointId | null }>;
type StartListener = (job: JobRecord) => void;

const openStates: readonly JobState[] = ['queued', 'running', 'parked'];

/** The jobs people see: rows in the catalog, with the progress of the running ones kept in memory. */
@Injectable()
export class JobBoard {
  private readonly live = new Map<JobId, LiveJob>();
  private readonly parked = new Set<JobId>();
  private readonly startListeners: StartListener[] = [];

  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(ChangeLog) private readonly changes: ChangeLog,
  ) {}

  /** Calls `listener` whenever a job begins to run. */
  onStarted(listener: StartListener): void {
    this.startListeners.push(listener);
  }

  /** Creates a queued job; with an id that exists the job that is there. */
  async create(job: Readonly<{ machineId: MachineId; kind: 'backup' | 'restore'; trigger: Job['trigger']; jobId?: JobId }>): Promise<JobRecord> {
    const jobId = job.jobId ?? JobId.parse(randomHex128(this.random));
    const record = await this.catalog.jobs.create({ ...job, jobId, createdAtMs: this.clock.nowMs() });
    this.changes.jobChanged(jobId, job.machineId);
    return record;
  }

  /** The machine's own job. @throws JobUnknown (JOB_NOT_FOUND) also for another machine's job. */
  async getOwn(machineId: MachineId, jobId: JobId): Promise<JobRecord> {
    const record = await this.catalog.jobs.find(jobId);
    if (record?.machineId !== machineId) throw new JobUnknown();
    return record;
  }

  /** @throws JobUnknown (JOB_NOT_FOUND) */
  async get(jobId: JobId): Promise<JobRecord> {
    const record = await this.catalog.jobs.find(jobId);
    if (!record) throw new JobUnknown();
    return record;
  }

  list(query: JobQuery): Promise<readonly JobRecord[]> {
    return this.catalog.jobs.list(query);
  }

  /** The machine's jobs that have not ended, newest first. */
  listOpen(machineId: MachineId): Promise<readonly JobRecord[]> {
    return this.catalog.jobs.list({ machineId, states: openStates, limit: 100 });
  }

  /** The job runs, again after a pause as well. Ended jobs stay as they are. */
  async start(jobId: JobId): Promise<void> {
    const record = await this.get(jobId);
    this.parked.delete(jobId);
    if (record.state === 'running' || !openStates.includes(record.state)) return;
    const started = await this.change(record, { state: 'running', code: null, message: null, startedAtMs: record.startedAtMs ?? this.clock.nowMs() });
    for (const listener of this.startListeners) listener(started);
  }

  /** The job waits for its agent or for room, and says why. */
  async park(jobId: JobId, reason: Readonly<{ code: string; message: string }>): Promise<void> {
    const record = await this.get(jobId);
    if (record.state !== 'running' && record.state !== 'parked') return;
    this.parked.add(jobId);
    await this.change(record, { state: 'parked', ...reason, ...this.lastProgress(jobId) });
  }

  /** Ends a job. What has ended stays ended; only `done` may still become `warned`. */
  async finish(jobId: JobId, outcome: Outcome): Promise<void> {
    const record = await this.get(jobId);
    if (!openStates.includes(record.state) && !(record.state === 'done' && outcome.state === 'warned')) return;
    await this.change(record, { ...outcome, pointId: outcome.pointId ?? record.pointId, finishedAtMs: this.clock.nowMs(), ...this.lastProgress(jobId) });
    this.live.delete(jobId);
    this.parked.delete(jobId);
  }

  /** True when the job was parked since the server started. */
  isParked(jobId: JobId): boolean {
    return this.parked.has(jobId);
  }

  /** The last progress report of a job that has not ended since the server started. */
  progressOf(jobId: JobId): BackupProgress | undefined {
    return this.live.get(jobId)?.progress;
  }

  /** Notes a progress report; kept in memory and written down when the job stops running. */
  report(jobId: JobId, machineId: MachineId, progress: BackupProgress): void {
    const nowMs = this.clock.monotonicMs();
    const live = this.live.get(jobId) ?? { progress, meter: new RateMeter(nowMs) };
    live.progress = progress;
    live.meter.report(nowMs, progress.doneBytes);
    this.live.set(jobId, live);
    this.changes.jobChanged(jobId, machineId);
  }

  /** The job as the API shows it. */
  view(record: JobRecord): Job {
    const { createdAtMs, startedAtMs, finishedAtMs, ...same } = record;
    const live = this.live.get(record.jobId);
    const running = record.state === 'running' ? live : undefined;
    return {
      ...same, progress: live?.progress ?? record.progress, rateBytesPerSecond: running?.meter.bytesPerSecond ?? null,
      etaMs: running?.meter.remainingMs(this.clock.monotonicMs(), running.progress.totalBytes) ?? null,
      createdAt: new Date(createdAtMs).toISOString(), startedAt: isoOrNull(startedAtMs), finishedAt: isoOrNull(finishedAtMs),
    };
  }

  private async change(record: JobRecord, change: JobChange): Promise<JobRecord> {
    const changed = await this.catalog.jobs.update(record.jobId, change);
    this.changes.jobChanged(record.jobId, record.machineId);
    return changed;
  }

  private lastProgress(jobId: JobId): Pick<JobChange, 'progress'> {
    const live = this.live.get(jobId);
    return live ? { progress: live.progress } : {};
  }
}

function isoOrNull(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}
