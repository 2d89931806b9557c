import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { QueueBackend } from './queue-backend.js';
import { QueueUnreachable, RedisUnsuitable, RedisUrlInvalid } from './queue-errors.js';
import { repeatBySchedule } from './repeat-by-schedule.js';

const prefix = 'lifeboat';
const reconnectPauseMaxMs = 1000;
const versionMin: readonly [number, number] = [6, 2];
const settings = { repeatStrategy: repeatBySchedule };

/**
 * Queues on Redis.
 *
 * @param url `redis://…`, `rediss://…`, or the absolute path of a unix socket.
 * @param onError told of every lost connection; ioredis connects again by itself.
 * @throws RedisUrlInvalid (REDIS_URL_INVALID)
 * @throws QueueUnreachable (QUEUE_UNREACHABLE)
 * @throws RedisUnsuitable (REDIS_UNSUITABLE)
 */
export async function openRedisBackend(url: string, onError: (error: Error) => void): Promise<QueueBackend> {
  if (!url.startsWith('/') && !['redis:', 'rediss:'].includes(URL.parse(url)?.protocol ?? '')) throw new RedisUrlInvalid();
  let closing = false;
  // The workers' own connections are copies of this one and must not try again either once everything is closed.
  const retryStrategy = (attempt: number) => (closing ? null : Math.min(attempt * 50, reconnectPauseMaxMs));
  // Blocking commands wait for ever by design, so the client must not give up after a number of tries.
  const connection = new Redis(url, { maxRetriesPerRequest: null, lazyConnect: true, retryStrategy });
  connection.on('error', onError);
  try {
    await connection.connect();
    assertSuitable(await connection.info());
  } catch (cause) {
    connection.disconnect();
    if (cause instanceof RedisUnsuitable) throw cause;
    throw new QueueUnreachable({ backend: 'redis', reason: cause instanceof Error ? cause.message : String(cause) }, cause);
  }
  return {
    kind: 'redis',
    openQueue: (name, defaultJobOptions) => new Queue(name, { connection, prefix, defaultJobOptions, settings }),
    openWorker: ({ name, processor, concurrency }) => new Worker(name, processor, { connection, prefix, concurrency, settings }),
    ping: async () => {
      await connection.ping();
    },
    close: async () => {
      closing = true;
      // Without a connection the farewell would wait for one.
      if (connection.status === 'ready') await connection.quit();
      else connection.disconnect();
    },
  };
}

function assertSuitable(report: string): void {
  const valueOf = (field: string) => new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(report)?.[1] ?? '';
  const version = valueOf('redis_version');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < versionMin[0] || (major === versionMin[0] && minor < versionMin[1])) {
    throw new RedisUnsuitable({ setting: 'redis_version', found: version, wanted: `${versionMin.join('.')} or newer` });
  }
  const policy = valueOf('maxmemory_policy');
  // Empty where a hosted service does not tell.
  if (policy !== '' && policy !== 'noeviction') throw new RedisUnsuitable({ setting: 'maxmemory-policy', found: policy, wanted: 'noeviction' });
}
