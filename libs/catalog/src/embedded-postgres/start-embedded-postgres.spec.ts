import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import pg from 'pg';
import { makeTestDir } from '../testing/test-catalog.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './start-embedded-postgres.js';

let dir: string;
let running: EmbeddedPostgres[];
beforeEach(() => {
  dir = makeTestDir();
  running = [];
});
afterEach(async () => {
  for (const postgres of running) await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function start(options: Parameters<typeof startEmbeddedPostgres>[1] = {}, at = dir): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres(at, options);
  running.push(postgres);
  return postgres;
}

async function ask(postgres: EmbeddedPostgres, sql: string): Promise<unknown> {
  const client = new pg.Client({ ...postgres.connection, database: 'postgres' });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>[]>({ text: sql, rowMode: 'array' })).rows[0]?.[0];
  } finally {
    await client.end();
  }
}

const postmasterPid = (): number => Number.parseInt(readFileSync(path.join(dir, 'data/postmaster.pid'), 'utf8'), 10);

test('is durable, private and keeps what it was told over a restart', async () => {
  const first = await start();
  const wanted = { data_checksums: 'on', fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', listen_addresses: '', server_encoding: 'UTF8', unix_socket_permissions: '0700', TimeZone: 'UTC' };
  for (const [setting, value] of Object.entries(wanted)) expect([setting, await ask(first, `SHOW ${setting}`)]).toEqual([setting, value]);
  await ask(first, 'CREATE TABLE kept AS SELECT 7 AS n');
  await first.stop();
  expect(existsSync(first.connection.host)).toBe(false);
  expect(existsSync(path.join(dir, 'data/postmaster.pid'))).toBe(false);
  expect(await ask(await start(), 'SELECT n FROM kept')).toBe(7);
});

test('a folder in use is refused, and stopping twice is harmless', async () => {
  const first = await start();
  await expect(start()).rejects.toMatchObject({ code: 'DATABASE_DIRECTORY_IN_USE', retry: 'later' });
  expect(await ask(first, 'SELECT 1')).toBe(1);
  await first.stop();
});

test.each([
  { name: 'a living process that is not PostgreSQL', content: `${String(process.pid)}\n/somewhere\n` },
  { name: 'nobody, because it was torn', content: '' },
  { name: 'a process that cannot be', content: '4194999\n' },
])('a left postmaster.pid naming $name is cleared', async ({ content }) => {
  await (await start()).stop();
  writeFileSync(path.join(dir, 'data/postmaster.pid'), content);
  expect(await ask(await start(), 'SELECT 1')).toBe(1);
});

test('a cluster whose making was killed is made anew', async () => {
  mkdirSync(path.join(dir, 'making-0123'));
  writeFileSync(path.join(dir, 'making-0123/PG_VERSION'), '18\n');
  await start();
  expect(readdirSync(dir).sort()).toEqual(['data', 'owner']);
});

test.each([
  { name: 'something else', version: undefined },
  { name: 'another version', version: '15\n' },
])('a folder with $name is refused and left alone', async ({ version }) => {
  mkdirSync(path.join(dir, 'data'));
  writeFileSync(path.join(dir, 'data/precious'), 'keep');
  if (version) writeFileSync(path.join(dir, 'data/PG_VERSION'), version);
  await expect(start()).rejects.toMatchObject({ code: 'DATABASE_DIRECTORY_INVALID' });
  expect(readFileSync(path.join(dir, 'data/precious'), 'utf8')).toBe('keep');
});

test('an unexpected end is told, and the next start recovers', async () => {
  const told = new Promise<string>((resolve) => void start({ onUnexpectedExit: resolve }).then(() => process.kill(postmasterPid(), 'SIGKILL')));
  expect(await told).toContain('ready to accept connections');
  expect(await ask(await start(), 'SELECT 1')).toBe(1);
});

test('a damaged cluster says what PostgreSQL said', async () => {
  await (await start()).stop();
  rmSync(path.join(dir, 'data/global/pg_control'));
  await expect(start()).rejects.toMatchObject({ code: 'EMBEDDED_POSTGRES_FAILED', details: { step: 'postgres', log: expect.stringContaining('pg_control') as string } });
});

(process.getuid?.() === 0 ? test : test.skip)('root may name the user to run as', async () => {
  const open = path.join(dir, 'open');
  mkdirSync(open);
  chmodSync(dir, 0o755);
  const postgres = await start({ runAs: 'nobody' }, open);
  expect(await ask(postgres, 'SELECT 1')).toBe(1);
  expect(statSync(path.join(open, 'data')).uid).not.toBe(0);
  await expect(startEmbeddedPostgres(path.join(dir, 'other'), { runAs: 'no-such-user' })).rejects.toMatchObject({ code: 'EMBEDDED_POSTGRES_UNAVAILABLE' });
});

describe('a parent that is killed', () => {
  const bundle = path.join(import.meta.dirname, '../../out-tsc/start-embedded-postgres.mjs');
  beforeAll(async () => {
    const source = `import { startEmbeddedPostgres } from './start-embedded-postgres.ts';
      await startEmbeddedPostgres(process.argv[2]); process.stdout.write('up\\n'); setInterval(() => {}, 1000);`;
    await build({ stdin: { contents: source, resolveDir: import.meta.dirname, loader: 'ts' }, outfile: bundle, bundle: true, platform: 'node', format: 'esm', conditions: ['@lifeboat/source'], logLevel: 'error' });
  });

  async function startInParent(): Promise<ChildProcess> {
    const parent = spawn(process.execPath, [bundle, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(parent.stdout, 'data');
    return parent;
  }

  test('lets go of the folder at once', async () => {
    const parent = await startInParent();
    const pid = postmasterPid();
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    expect(await ask(await start(), 'SELECT 1')).toBe(1);
    expect(postmasterPid()).not.toBe(pid);
  });

  test('cannot be mistaken for one that is only stopped', async () => {
    const parent = await startInParent();
    parent.kill('SIGSTOP');
    await expect(start()).rejects.toMatchObject({ code: 'DATABASE_DIRECTORY_IN_USE' });
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    expect(await ask(await start(), 'SELECT 1')).toBe(1);
  });
});
