import type { BackupProgress, JobId, MachineId, RestorePointId } from '@lifeboat/model';

/** States of a job; the last six are final. */
export const jobStates = ['queued', 'running', 'parked', 'done', 'warned', 'failed', 'stopped', 'refused', 'missed'] as const;
export type JobState = (typeof jobStates)[number];

/** One backup or restore as people see it. Kept in the database only; the ledger does not know jobs. */
export type JobRecord = Readonly<{
  jobId: JobId;
  machineId: MachineId;
  /** The machine's present name; its id where the catalog does not know the machine. */
  computerName: string;
  kind: 'backup' | 'restore';
  trigger: 'admin' | 'agent' | 'schedule';
  state: JobState;
  code: string | null;
  message: string | null;
  pointId: RestorePointId | null;
  progress: BackupProgress | null;
  createdAtMs: number;
  startedAtMs: number | null;
  finishedAtMs: number | null;
}>;

export type JobCreation = Pick<JobRecord, 'jobId' | 'machineId' | 'kind' | 'trigger' | 'createdAtMs'> &
  Partial<Pick<JobRecord, 'state' | 'code' | 'message' | 'startedAtMs' | 'finishedAtMs'>>;

/** What may change; absent keys stay as they are. */
export type JobChange = Partial<Pick<JobRecord, 'state' | 'code' | 'message' | 'pointId' | 'progress' | 'startedAtMs' | 'finishedAtMs'>>;

export type JobQuery = Readonly<{ limit: number; states?: readonly JobState[]; machineId?: MachineId }>;

/** Jobs, which outlive restarts but not the loss of the database. */
export interface JobRepository {
  /** Creates a job, `queued` unless told otherwise. The same id again returns the job that is there, unchanged. */
  create(job: JobCreation): Promise<JobRecord>;
  /** @throws JobNotFound (JOB_NOT_FOUND) */
  update(jobId: JobId, change: JobChange): Promise<JobRecord>;
  /** @throws JobNotFound (JOB_NOT_FOUND) */
  get(jobId: JobId): Promise<JobRecord>;
  find(jobId: JobId): Promise<JobRecord | undefined>;
  /** Newest first; at most 1000. */
  list(query: JobQuery): Promise<readonly JobRecord[]>;
  /** When the machine's newest backup that really started did so; null when none did. */
  lastBackupStartedAtMs(machineId: MachineId): Promise<number | null>;
  /**
   * Called once when the server starts: nothing runs yet, so a job that was `running` becomes `parked` when its session can be resumed
   * and else `failed` with the code JOB_INTERRUPTED.
   *
   * @returns the jobs that changed, as they are now.
   */
  reconcile(options: Readonly<{ nowMs: number; resumable: readonly JobId[] }>): Promise<readonly JobRecord[]>;
}
