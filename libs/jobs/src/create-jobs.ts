import { openPostgresBackend } from './backends/postgres-backend.js';
import type { QueueDatabase } from './backends/queue-backend.js';
import { openRedisBackend } from './backends/redis-backend.js';
import { BullJobs } from './bull-jobs.js';
import type { Jobs, JobsLogger } from './jobs.js';

export type JobsOptions = Readonly<{
  /** Set: the queues live on this Redis. Unset: on PostgreSQL. */
  redisUrl?: string | undefined;
  postgres: QueueDatabase;
  logger: JobsLogger;
  /** Pause before the first repetition of work that failed; doubles each time. */
  retryDelayMs?: number;
}>;

const retryDelayMsByDefault = 5000;

/**
 * Opens the job queues on Redis when there is one, else on PostgreSQL. Same code, same behaviour.
 *
 * @throws QueueUnreachable (QUEUE_UNREACHABLE)
 * @throws RedisUrlInvalid (REDIS_URL_INVALID)
 * @throws RedisUnsuitable (REDIS_UNSUITABLE)
 */
export async function createJobs({ redisUrl, postgres, logger, retryDelayMs = retryDelayMsByDefault }: JobsOptions): Promise<Jobs> {
  const lost = (error: Error) => { logger.warn({ err: error }, 'job queue connection lost'); };
  const backend = redisUrl === undefined ? await openPostgresBackend(postgres) : await openRedisBackend(redisUrl, lost);
  return new BullJobs(backend, logger, retryDelayMs);
}
