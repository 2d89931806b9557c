import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { openCatalog } from './open-catalog.js';
import { hasExternalPostgres, startExternalPostgres, type ExternalPostgres } from './testing/external-postgres.js';
import { committed, enrolled, ledgerOf, machineId, sourceOf } from './testing/ledger-fixtures.js';
import { makeTestDir, migrationsDir, startTestPostgres, type TestPostgres } from './testing/test-catalog.js';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());

test('opens twice at the same moment, and again over what is there', async () => {
  const connection = { ...postgres.connection, database: "o'dd \"name\"" };
  const [one, other] = await Promise.all([openCatalog({ connection, migrationsDir }), openCatalog({ connection, migrationsDir })]);
  await one.catchUp(sourceOf(ledgerOf([enrolled(1)])));
  expect(await other.computers.list()).toHaveLength(1);
  await Promise.all([one.close(), other.close()]);
  const again = await openCatalog({ connection, migrationsDir });
  expect(await again.watermark()).toMatchObject({ seq: 2 });
  await again.close();
});

test('two processes that follow one ledger apply each record once', async () => {
  const connection = { ...postgres.connection, database: 'shared' };
  const catalogs = [await openCatalog({ connection, migrationsDir }), await openCatalog({ connection, migrationsDir })];
  const ledger = ledgerOf([enrolled(1), ...Array.from({ length: 300 }, (_, index) => committed(1, index + 1))]);
  const applied = await Promise.all(catalogs.map((catalog) => catalog.catchUp(sourceOf(ledger))));
  expect(applied.reduce((sum, count) => sum + count, 0)).toBe(ledger.length);
  expect((await catalogs[0]?.computers.get(machineId(1)))?.points).toBe(300);
  for (const catalog of catalogs) await catalog.close();
});

test('survives the loss of its connections', async () => {
  const lost: string[] = [];
  const connection = { ...postgres.connection, database: 'cut' };
  const catalog = await openCatalog({ connection, migrationsDir, onConnectionLost: (error) => lost.push(error.message) });
  await catalog.computers.list();
  const admin = new pg.Client({ ...connection, database: 'postgres' });
  await admin.connect();
  await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'cut'`);
  await admin.end();
  await catalog.computers.list().catch(() => []);
  expect(await catalog.computers.list()).toEqual([]);
  expect(lost.length).toBeGreaterThan(0);
  await catalog.close();
});

test('a migration that fails is refused with its reason, and again at the next start', async () => {
  const dir = path.join(makeTestDir(), 'migrations');
  cpSync(migrationsDir, dir, { recursive: true });
  const connection = { ...postgres.connection, database: 'broken' };
  await (await openCatalog({ connection, migrationsDir: dir })).close();
  mkdirSync(path.join(dir, '29990101000000_bad'));
  writeFileSync(path.join(dir, '29990101000000_bad/migration.sql'), 'ALTER TABLE nowhere ADD COLUMN x int;');
  await expect(openCatalog({ connection, migrationsDir: dir })).rejects.toMatchObject({ code: 'DATABASE_MIGRATION_FAILED', details: { reason: expect.stringContaining('nowhere') as string } });
  await expect(openCatalog({ connection, migrationsDir: dir })).rejects.toMatchObject({ code: 'DATABASE_MIGRATION_FAILED', details: { reason: expect.stringContaining('29990101000000_bad') as string } });
  rmSync(path.dirname(dir), { recursive: true, force: true });
});

test('a server that does not answer is named, without its password', async () => {
  const error: unknown = await openCatalog({ databaseUrl: 'postgresql://boat:hunter2@127.0.0.1:1/lifeboat', migrationsDir }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'DATABASE_UNREACHABLE', details: { host: '127.0.0.1', port: 1, database: 'lifeboat', reason: 'ECONNREFUSED' } });
  expect(JSON.stringify(error)).not.toContain('hunter2');
});

(hasExternalPostgres ? describe : describe.skip)('a PostgreSQL 15 of the operating system, named by DATABASE_URL', () => {
  let external: ExternalPostgres | undefined;
  afterEach(async () => {
    await external?.stop();
  });

  test('runs the same migrations and answers the same', async () => {
    external = await startExternalPostgres();
    const databaseUrl = external.databaseUrl('lifeboat');
    const catalog = await openCatalog({ databaseUrl, migrationsDir });
    const client = new pg.Client({ ...catalog.connection });
    await client.connect();
    expect((await client.query<{ server_version: string }>('SHOW server_version')).rows[0]?.server_version).toMatch(/^15\./);
    await client.end();
    await catalog.catchUp(sourceOf(ledgerOf([enrolled(1), committed(1, 1)])));
    expect((await catalog.computers.get(machineId(1))).points).toBe(1);
    await catalog.close();
    await expect(openCatalog({ databaseUrl: databaseUrl.replace('p%40ss', 'wrong'), migrationsDir })).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE', details: { reason: '28P01' } });
  });

  test.each([
    { setting: 'fsync', value: 'off' },
    { setting: 'synchronous_commit', value: 'off' },
  ])('is refused with $setting=$value', async ({ setting, value }) => {
    external = await startExternalPostgres([`${setting}=${value}`]);
    await expect(openCatalog({ databaseUrl: external.databaseUrl('lifeboat'), migrationsDir })).rejects.toMatchObject({ code: 'DATABASE_UNSUITABLE', details: { setting, found: value, wanted: 'on' } });
  });
});
