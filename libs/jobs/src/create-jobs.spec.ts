import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@lifeboat/catalog';
import { createJobs } from './create-jobs.js';
import { describeJobs } from './testing/jobs-conformance.js';
import { hasRedisServer, startPrivateRedis, type PrivateRedis } from './testing/private-redis.js';

const nowhere = { host: '/nowhere', port: 5432, user: 'nobody', database: 'none' };
const silent = { warn: () => undefined, error: () => undefined };

describe('on PostgreSQL', () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'lifeboat-jobs-'));
  let postgres: EmbeddedPostgres;
  beforeAll(async () => {
    postgres = await startEmbeddedPostgres(dir);
  });
  afterAll(async () => {
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  describeJobs({ backend: 'postgres', settings: () => ({ postgres: { ...postgres.connection, database: 'postgres' } }), stopServer: () => postgres.stop() });
});

const redisInstalled = hasRedisServer();
if (!redisInstalled) process.stderr.write('skipped: the 14 tests of the job queue on Redis, because redis-server is not installed\n');

// Where everything must be tested, a missing server fails instead of being passed over.
(redisInstalled || process.env['CI'] === 'true' ? describe : describe.skip)('on Redis', () => {
  let redis: PrivateRedis;
  beforeAll(async () => {
    redis = await startPrivateRedis();
  });
  afterAll(() => redis.stop());
  describeJobs({ backend: 'redis', settings: () => ({ redisUrl: redis.url, postgres: nowhere }), stopServer: () => redis.stop() });
});

(redisInstalled ? test : test.skip)('a Redis that throws work away when full is refused', async () => {
  const evicting = await startPrivateRedis(['--maxmemory-policy', 'allkeys-lru']);
  await expect(createJobs({ redisUrl: evicting.url, postgres: nowhere, logger: silent })).rejects.toMatchObject({ code: 'REDIS_UNSUITABLE', details: { setting: 'maxmemory-policy', found: 'allkeys-lru' } });
  await evicting.stop();
});

test.each(['http://host', 'host:6379', '', 'redis//x:hunter2@h'])('the address %p is refused without being quoted', async (redisUrl) => {
  const error: unknown = await createJobs({ redisUrl, postgres: nowhere, logger: silent }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'REDIS_URL_INVALID' });
  expect(JSON.stringify(error)).not.toContain('hunter2');
});

test('a PostgreSQL that is not there is said', async () => {
  await expect(createJobs({ postgres: nowhere, logger: silent })).rejects.toMatchObject({ code: 'QUEUE_UNREACHABLE', details: { backend: 'postgres' } });
});
