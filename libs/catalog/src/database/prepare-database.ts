import pg from 'pg';
import type { PgConnection } from '../pg-connection.js';
import { DatabaseUnreachable, DatabaseUnsuitable } from './database-errors.js';

const connectMaxMs = 10_000;
/** Exists on every PostgreSQL server. */
const maintenanceDatabase = 'postgres';
const databaseMissing = '3D000';
/** The second code is what two servers get that create it at the same moment: the catalogue's own index refuses the slower one. */
const databaseExists = new Set<unknown>(['42P04', '23505']);
const versionMin = 15;

/**
 * Makes sure that the database exists and that the server is fit to hold the catalog: new enough, durable, UTF-8.
 *
 * @throws DatabaseUnreachable (DATABASE_UNREACHABLE) no answer, wrong password, or the missing database may not be created.
 * @throws DatabaseUnsuitable (DATABASE_UNSUITABLE) the first setting that does not fit.
 */
export async function prepareDatabase(connection: PgConnection): Promise<void> {
  const found = await askSettings(connection).catch(async (error: unknown) => {
    if (codeOf(error) !== databaseMissing) throw unreachable(connection, error);
    await createDatabase(connection);
    return askSettings(connection).catch((again: unknown) => {
      throw unreachable(connection, again);
    });
  });
  const wanted: readonly (readonly [keyof ServerSettings, (value: string) => boolean, string])[] = [
    ['server_version_num', (value) => Number(value) >= versionMin * 10_000, `PostgreSQL ${String(versionMin)} or newer`],
    ['fsync', (value) => value === 'on', 'on'],
    ['synchronous_commit', (value) => value !== 'off', 'on'],
    ['server_encoding', (value) => value === 'UTF8', 'UTF8'],
  ];
  for (const [setting, fits, words] of wanted) {
    if (!fits(found[setting])) throw new DatabaseUnsuitable({ setting, found: found[setting], wanted: words });
  }
}

type ServerSettings = Readonly<Record<'server_version_num' | 'fsync' | 'synchronous_commit' | 'server_encoding', string>>;

async function askSettings(connection: PgConnection): Promise<ServerSettings> {
  return withClient(connection, async (client) => {
    const { rows } = await client.query<ServerSettings>(
      `SELECT current_setting('server_version_num') AS server_version_num, current_setting('fsync') AS fsync,
              current_setting('synchronous_commit') AS synchronous_commit, current_setting('server_encoding') AS server_encoding`,
    );
    return rows[0] ?? { server_version_num: '0', fsync: '', synchronous_commit: '', server_encoding: '' };
  });
}

async function createDatabase(connection: PgConnection): Promise<void> {
  try {
    await withClient({ ...connection, database: maintenanceDatabase }, async (client) => {
      await client.query(`CREATE DATABASE ${pg.escapeIdentifier(connection.database)} ENCODING 'UTF8' TEMPLATE template0`);
    });
  } catch (error) {
    if (!databaseExists.has(codeOf(error))) throw unreachable(connection, error);
  }
}

async function withClient<Result>(connection: PgConnection, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: connectMaxMs });
  // A server that goes away meanwhile fails the query; without a listener the same news would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function unreachable({ host, port, database }: PgConnection, cause: unknown): DatabaseUnreachable {
  return new DatabaseUnreachable({ host, port, database, reason: codeOf(cause) ?? String(cause).slice(0, 200) }, cause);
}

function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
