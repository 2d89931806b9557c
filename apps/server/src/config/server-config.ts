import { resolve } from 'node:path';
import { z } from 'zod';
import { ConfigInvalid } from './config-errors.js';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

const postgresUrl = z.string().refine((text) => hasProtocol(text, ['postgres:', 'postgresql:']), 'must be a URL such as postgresql://user:secret@host:5432/lifeboat');
const redisUrl = z.string().refine((text) => hasProtocol(text, ['redis:', 'rediss:', 'unix:']), 'must be a URL such as redis://host:6379/0');

/**
 * Everything a server can be told, from a flag, the environment or a default, in that order. Sizes in bytes.
 * `LIFEBOAT_DATA` the data directory · `LIFEBOAT_PORT`, `LIFEBOAT_HOST` where it listens · `LIFEBOAT_QUOTA` how large the store may grow ·
 * `LIFEBOAT_LOG` how much is logged · `DATABASE_URL`, `REDIS_URL` (also `…_FILE`) servers to use in place of the embedded database.
 */
export const ServerConfig = z.strictObject({
  dataDir: z.string().min(1).max(4096).transform((path) => resolve(path)).default(() => resolve('lifeboat-data')),
  port: z.coerce.number('must be a port number, e.g. 8420').int('must be a whole number, e.g. 8420').min(0, 'must be 0 to 65535').max(65_535, 'must be 0 to 65535').default(8420),
  host: z.string().min(1).max(255).default('127.0.0.1'),
  quotaBytes: z.coerce.number('must be a number of bytes, e.g. 500000000000').int('must be whole bytes').positive('must be more than 0').max(Number.MAX_SAFE_INTEGER).nullable().default(null),
  databaseUrl: postgresUrl.nullable().default(null),
  redisUrl: redisUrl.nullable().default(null),
  logLevel: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
});
export type ServerConfig = Readonly<z.infer<typeof ServerConfig>>;

/** What the command line said; absent keys were not given. Values are text, as typed. */
export type ServerFlags = Readonly<Partial<Record<'data' | 'port' | 'host' | 'quota', string>>>;

/** Where a value may come from, for messages. */
const origins: Readonly<Record<keyof ServerConfig, string>> = {
  dataDir: '--data or LIFEBOAT_DATA', port: '--port or LIFEBOAT_PORT', host: '--host or LIFEBOAT_HOST', quotaBytes: '--quota or LIFEBOAT_QUOTA',
  databaseUrl: 'DATABASE_URL', redisUrl: 'REDIS_URL', logLevel: 'LIFEBOAT_LOG',
};

/**
 * Reads the configuration once.
 *
 * @param readSecret reads the file that a `…_FILE` variable names.
 * @throws ConfigInvalid (CONFIG_INVALID) with one line per bad key; never falls back to a default instead.
 */
export function parseServerConfig(flags: ServerFlags, env: NodeJS.ProcessEnv, readSecret: (path: string) => string): ServerConfig {
  const secret = (name: string): string | undefined => {
    const file = env[`${name}_FILE`];
    return file === undefined || file === '' ? blankAsAbsent(env[name]) : readSecret(file).trim();
  };
  const parsed = ServerConfig.safeParse({
    dataDir: flags.data ?? blankAsAbsent(env['LIFEBOAT_DATA']),
    port: flags.port ?? blankAsAbsent(env['LIFEBOAT_PORT']),
    host: flags.host ?? blankAsAbsent(env['LIFEBOAT_HOST']),
    quotaBytes: flags.quota ?? blankAsAbsent(env['LIFEBOAT_QUOTA']),
    databaseUrl: secret('DATABASE_URL'),
    redisUrl: secret('REDIS_URL'),
    logLevel: blankAsAbsent(env['LIFEBOAT_LOG']),
  });
  if (parsed.success) return Object.freeze(parsed.data);
  throw new ConfigInvalid(parsed.error.issues.map((issue) => `${origins[String(issue.path[0]) as keyof ServerConfig]}: ${issue.message}`));
}

function blankAsAbsent(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function hasProtocol(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol);
}
