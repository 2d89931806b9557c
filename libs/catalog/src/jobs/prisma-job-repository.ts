import { BackupProgress, Defect, JobId, MachineId, RestorePointId } from '@lifeboat/model';
import { bigintOrNull, numberOf, numberOrNull, storableText } from '../database/stored-values.js';
import { Prisma, type Job, type PrismaClient } from '../generated/client.js';
import { JobNotFound } from './job-errors.js';
import { jobStates, type JobChange, type JobCreation, type JobQuery, type JobRecord, type JobRepository, type JobState } from './job-repository.js';

const listMax = 1000;
const interrupted = { code: 'JOB_INTERRUPTED', message: 'The server stopped while the job was running.' };
const recordMissing = 'P2025';

/** Jobs, from the table `job`. */
export class PrismaJobRepository implements JobRepository {
  constructor(private readonly prisma: PrismaClient) {}

  async create(job: JobCreation): Promise<JobRecord> {
    const { jobId, machineId, kind, trigger, createdAtMs, state = 'queued', ...rest } = job;
    const row = { jobId, machineId, kind, trigger, state, createdAtMs: BigInt(createdAtMs), ...columnsOf(rest) };
    return this.named(await this.prisma.job.upsert({ where: { jobId }, create: row, update: {} }));
  }

  async update(jobId: JobId, change: JobChange): Promise<JobRecord> {
    try {
      return await this.named(await this.prisma.job.update({ where: { jobId }, data: columnsOf(change) }));
    } catch (error) {
      if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === recordMissing) throw new JobNotFound(jobId);
      throw error;
    }
  }

  async get(jobId: JobId): Promise<JobRecord> {
    const job = await this.find(jobId);
    if (!job) throw new JobNotFound(jobId);
    return job;
  }

  async find(jobId: JobId): Promise<JobRecord | undefined> {
    const row = await this.prisma.job.findUnique({ where: { jobId } });
    return row ? this.named(row) : undefined;
  }

  async list({ limit, states, machineId }: JobQuery): Promise<readonly JobRecord[]> {
    const where = { ...(states && { state: { in: [...states] } }), ...(machineId && { machineId }) };
    const rows = await this.prisma.job.findMany({ where, orderBy: [{ createdAtMs: 'desc' }, { jobId: 'desc' }], take: Math.max(1, Math.min(limit, listMax)) });
    return this.allNamed(rows);
  }

  async lastBackupStartedAtMs(machineId: MachineId): Promise<number | null> {
    const found = await this.prisma.job.aggregate({ where: { machineId, kind: 'backup' }, _max: { startedAtMs: true } });
    return numberOrNull(found._max.startedAtMs);
  }

  async reconcile({ nowMs, resumable }: Parameters<JobRepository['reconcile']>[0]): Promise<readonly JobRecord[]> {
    const running = (await this.prisma.job.findMany({ where: { state: 'running' }, select: { jobId: true } })).map((row) => row.jobId);
    const canResume = new Set<string>(resumable);
    const parked = running.filter((jobId) => canResume.has(jobId));
    const failed = running.filter((jobId) => !canResume.has(jobId));
    await this.prisma.$transaction([
      this.prisma.job.updateMany({ where: { jobId: { in: parked } }, data: { state: 'parked' } }),
      this.prisma.job.updateMany({ where: { jobId: { in: failed } }, data: { state: 'failed', ...interrupted, finishedAtMs: BigInt(nowMs) } }),
    ]);
    return this.allNamed(await this.prisma.job.findMany({ where: { jobId: { in: running } }, orderBy: { createdAtMs: 'desc' } }));
  }

  private async named(row: Job): Promise<JobRecord> {
    const [job] = await this.allNamed([row]);
    if (!job) throw new Defect('a row gave no job');
    return job;
  }

  private async allNamed(rows: readonly Job[]): Promise<readonly JobRecord[]> {
    const machineIds = [...new Set(rows.map((row) => row.machineId))];
    const computers = await this.prisma.computer.findMany({ where: { machineId: { in: machineIds } }, select: { machineId: true, name: true } });
    const nameOf = new Map(computers.map((computer) => [computer.machineId, computer.name]));
    return rows.map((row) => recordOf(row, nameOf.get(row.machineId) ?? row.machineId));
  }
}

function columnsOf(change: JobChange): Partial<Omit<Job, 'jobId'>> {
  const { state, code, message, pointId, progress, startedAtMs, finishedAtMs } = change;
  return {
    ...(state !== undefined && { state }),
    ...(code !== undefined && { code: code === null ? null : storableText(code) }),
    ...(message !== undefined && { message: message === null ? null : storableText(message) }),
    ...(pointId !== undefined && { pointId }),
    ...(progress !== undefined && { progressJson: progress === null ? null : JSON.stringify(progress) }),
    ...(startedAtMs !== undefined && { startedAtMs: bigintOrNull(startedAtMs) }),
    ...(finishedAtMs !== undefined && { finishedAtMs: bigintOrNull(finishedAtMs) }),
  };
}

function recordOf(row: Job, computerName: string): JobRecord {
  return {
    jobId: JobId.parse(row.jobId),
    machineId: MachineId.parse(row.machineId),
    computerName,
    kind: row.kind === 'restore' ? 'restore' : 'backup',
    trigger: row.trigger === 'agent' || row.trigger === 'schedule' ? row.trigger : 'admin',
    state: stateOf(row.state),
    code: row.code,
    message: row.message,
    pointId: row.pointId === null ? null : RestorePointId.parse(row.pointId),
    progress: row.progressJson === null ? null : BackupProgress.parse(JSON.parse(row.progressJson)),
    createdAtMs: numberOf(row.createdAtMs),
    startedAtMs: numberOrNull(row.startedAtMs),
    finishedAtMs: numberOrNull(row.finishedAtMs),
  };
}

function stateOf(text: string): JobState {
  const state = jobStates.find((candidate) => candidate === text);
  if (!state) throw new Defect('unknown job state in the catalog', { details: { state: text } });
  return state;
}
