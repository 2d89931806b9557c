import { resolve } from 'node:path';
import { ConfigInvalid } from './config-errors.js';
import { parseServerConfig, type ServerFlags } from './server-config.js';

const noFiles = (): string => { throw new ConfigInvalid(['no secret file expected']); };

test('flags win over the environment, which wins over defaults', () => {
  const env = { LIFEBOAT_PORT: '9000', LIFEBOAT_HOST: '0.0.0.0', LIFEBOAT_DATA: '', DATABASE_URL: 'postgresql://u@h/d' };
  expect(parseServerConfig({ port: '9001', quota: '1000' }, env, noFiles)).toEqual({
    dataDir: resolve('lifeboat-data'), port: 9001, host: '0.0.0.0', quotaBytes: 1000, databaseUrl: 'postgresql://u@h/d', redisUrl: null, logLevel: 'info',
  });
});

test('secrets also come from files', () => {
  expect(parseServerConfig({}, { REDIS_URL_FILE: '/run/secrets/redis' }, (path) => `redis://${path}\n`)).toMatchObject({ redisUrl: 'redis:///run/secrets/redis' });
});

test.each<{ name: string; flags: ServerFlags; env: NodeJS.ProcessEnv; problems: readonly string[] }>([
  { name: 'a port that is none', flags: { port: 'eighty' }, env: {}, problems: ['--port or LIFEBOAT_PORT: must be a port number, e.g. 8420'] },
  { name: 'a quota below one byte', flags: { quota: '-1' }, env: {}, problems: ['--quota or LIFEBOAT_QUOTA: must be more than 0'] },
  { name: 'every bad key at once', flags: { port: '70000' }, env: { LIFEBOAT_LOG: 'loud', DATABASE_URL: 'mysql://x' }, problems: [
    '--port or LIFEBOAT_PORT: must be 0 to 65535', 'DATABASE_URL: must be a URL such as postgresql://user:secret@host:5432/lifeboat', 'LIFEBOAT_LOG: must be one of trace, debug, info, warn, error, silent',
  ] },
])('refuses $name', ({ flags, env, problems }) => {
  let thrown: unknown;
  try {
    parseServerConfig(flags, env, noFiles);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ConfigInvalid);
  expect((thrown as ConfigInvalid).details['problems']).toEqual(problems);
});
