import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { findLauncher } from '../embedded-postgres/unprivileged-launcher.js';
import { makeTestDir } from './test-catalog.js';

/** Where Debian 12 puts its PostgreSQL, the oldest version that is supported. */
const binDir = '/usr/lib/postgresql/15/bin';
export const hasExternalPostgres = existsSync(path.join(binDir, 'postgres'));

export interface ExternalPostgres {
  /** As an operator would write it into DATABASE_URL; the database does not exist yet. */
  databaseUrl(database: string): string;
  stop(): Promise<void>;
}

/** A server of an operating system's package, on TCP with a password, as DATABASE_URL would name it. */
export async function startExternalPostgres(settings: readonly string[] = []): Promise<ExternalPostgres> {
  const dir = makeTestDir();
  const launcher = findLauncher();
  const dataDir = path.join(dir, 'data');
  const passwordFile = path.join(dir, 'password');
  mkdirSync(dataDir, { mode: 0o700 });
  writeFileSync(passwordFile, 'p@ss word\n');
  for (const each of [dir, dataDir, passwordFile]) launcher.giveAway(each);
  launcher.run(path.join(binDir, 'initdb'), ['-D', dataDir, '-U', 'boat', '-E', 'UTF8', '--locale=C', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--no-sync']);
  const port = await freePort();
  const child = launcher.start(path.join(binDir, 'postgres'), ['-D', dataDir, '-p', String(port), '-k', '', ...['listen_addresses=127.0.0.1', ...settings].flatMap((setting) => ['-c', setting])]);
  child.stderr.resume();
  const connection = { host: '127.0.0.1', port, user: 'boat', password: 'p@ss word' };
  await untilAnswers(connection);
  return {
    databaseUrl: (database) => `postgresql://boat:p%40ss%20word@127.0.0.1:${String(port)}/${database}`,
    stop: async () => {
      child.kill('SIGINT');
      await once(child, 'exit');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function untilAnswers(connection: pg.ClientConfig): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const client = new pg.Client({ ...connection, database: 'postgres' });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (attempt === 600) throw error;
      await pause(50);
    }
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}
