import type { JobsOptions, Processor, Queue, Worker } from 'bullmq';

/** What the queue needs of its PostgreSQL: discrete settings, as `pg` takes them. */
export interface QueueDatabase {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  readonly ssl?: boolean | Readonly<Record<string, unknown>>;
}

/** What is stored with each piece of work. */
export type StoredWork = { payload: Record<string, string | number | boolean | null> };

export type WorkerSettings = Readonly<{ name: string; processor: Processor<StoredWork>; concurrency: number }>;

/** Makes queues and workers on one kind of server. The caller closes what it opened before it closes the backend. */
export interface QueueBackend {
  readonly kind: 'postgres' | 'redis';
  openQueue(name: string, defaults: JobsOptions): Queue<StoredWork>;
  openWorker(settings: WorkerSettings): Worker<StoredWork>;
  /** Rejects when the server does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
