import { createPostgresBackend, Queue, Worker } from 'bullmq';
import pg from 'pg';
import type { QueueBackend, QueueDatabase, StoredWork } from './queue-backend.js';
import { QueueUnreachable } from './queue-errors.js';
import { repeatBySchedule } from './repeat-by-schedule.js';

/** The queue's tables live beside the catalog's, in a schema of their own, which the queue migrates itself. */
const schema = 'bullmq';
const poolConnectionsMax = 2;
const connectMaxMs = 10_000;
const settings = { repeatStrategy: repeatBySchedule };

/**
 * Queues on PostgreSQL.
 * @throws QueueUnreachable (QUEUE_UNREACHABLE)
 */
export async function openPostgresBackend(database: QueueDatabase): Promise<QueueBackend> {
  const pool = new pg.Pool({ ...database, max: 1, connectionTimeoutMillis: connectMaxMs });
  // An idle connection that breaks is replaced by the next query; without a listener the news would end the process.
  pool.on('error', () => undefined);
  const ping = async (): Promise<void> => {
    await pool.query('SELECT 1');
  };
  try {
    await ping();
  } catch (cause) {
    await pool.end();
    throw new QueueUnreachable({ backend: 'postgres', reason: cause instanceof Error ? cause.message : String(cause) }, cause);
  }
  const connection = { ...database, max: poolConnectionsMax, schema, migrate: true };
  return {
    kind: 'postgres',
    // The types name the backend, in options that nothing here reads back; everything that is called is the same on both.
    openQueue: (name, defaultJobOptions) => new Queue(name, { connection, defaultJobOptions, settings }, createPostgresBackend) as unknown as Queue<StoredWork>,
    openWorker: ({ name, processor, concurrency }) =>
      new Worker(name, processor, { connection, concurrency, settings }, createPostgresBackend) as unknown as Worker<StoredWork>,
    ping,
    close: () => pool.end(),
  };
}
