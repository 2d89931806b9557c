import type { Schedule } from '@lifeboat/model';

/** What a queued piece of work carries: ids, never bytes. Must survive JSON. */
export type JobPayload = Readonly<Record<string, string | number | boolean | null>>;

/** One piece of work as its processor gets it. */
export type QueuedJob<Payload extends JobPayload = JobPayload> = Readonly<{
  /** The queue's own id, for logs. */
  id: string;
  name: string;
  payload: Payload;
  /** 1 for the first try. */
  attempt: number;
}>;

/**
 * Carries out one kind of work. It may run twice for the same job, also at the same time, when the process or the queue's server stalls:
 * check the state before each side effect. A rejection is tried again after a growing pause, three times in all.
 */
export type JobProcessor<Payload extends JobPayload = JobPayload> = (job: QueuedJob<Payload>) => Promise<void>;

/** A run that comes back. `key` names it, any text; the same key again replaces schedule and payload. */
export type ScheduledRun = Readonly<{
  key: string;
  /** The processor's name. */
  name: string;
  schedule: Schedule;
  /** Each run starts up to this much later; how much is fixed by the key, see `jitterOf`. */
  jitterMs: number;
  /** When it ran last, null for never: `every` counts from it, and a run that was missed meanwhile is queued at once plus the key's jitter. */
  lastRunAtMs: number | null;
  payload: JobPayload;
}>;

export type ScheduleStatus = Readonly<{ key: string; nextRunAtMs: number | null }>;

export type EnqueueOptions = Readonly<{
  /** While a job with this text waits or runs, another one is not added. */
  dedupe?: string;
  delayMs?: number;
}>;

export type JobsHealth = Readonly<{ ok: boolean; backend: 'postgres' | 'redis'; message: string }>;

/** Queues and schedules: chores only. Desired state lives in ledger and catalog; the queue may be emptied at any moment. */
export interface Jobs {
  /** Creates or replaces a schedule; `manual` removes it. Idempotent: call it for every machine at start and after each run. */
  upsertSchedule(run: ScheduledRun): Promise<void>;
  /** Unknown keys are fine. */
  removeSchedule(key: string): Promise<void>;
  listSchedules(): Promise<readonly ScheduleStatus[]>;
  /** Registers the processor of a name, once per name, and begins to carry out what is queued. `concurrency` defaults to 4. */
  process<Payload extends JobPayload>(name: string, processor: JobProcessor<Payload>, options?: Readonly<{ concurrency?: number }>): Promise<void>;
  /** @returns the queue's id of the new job, or of the one that deduplication found. */
  enqueue(name: string, payload: JobPayload, options?: EnqueueOptions): Promise<string>;
  health(): Promise<JobsHealth>;
  /** Waits for running processors, then lets go of all connections. When the queue's server does not answer, it does not wait. */
  close(): Promise<void>;
}

/** What the queue writes its few lines to; pino fits. */
export interface JobsLogger {
  warn(facts: Readonly<Record<string, unknown>>, text: string): void;
  error(facts: Readonly<Record<string, unknown>>, text: string): void;
}
