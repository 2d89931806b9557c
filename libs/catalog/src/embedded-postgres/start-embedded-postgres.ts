import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { PgConnection } from '../pg-connection.js';
import { clearLeftPostmaster, ownerFileOf, ownerMark } from './clear-left-postmaster.js';
import { DatabaseDirectoryInvalid } from './embedded-postgres-errors.js';
import { findEmbeddedPrograms, type PostgresPrograms } from './postgres-programs.js';
import { runPostgres } from './run-postgres.js';
import { findLauncher, type UnprivilegedLauncher } from './unprivileged-launcher.js';

/** A PostgreSQL server that belongs to this process. */
export interface EmbeddedPostgres {
  readonly connection: PgConnection;
  /** Fast shutdown: open transactions are rolled back, everything confirmed is on disk. Close the catalog and the queues first. */
  stop(): Promise<void>;
}

export type EmbeddedPostgresOptions = Readonly<{
  /** User to run as instead of a user namespace, when this process is root. */
  runAs?: string;
  /** Called when PostgreSQL ends without having been told to. */
  onUnexpectedExit?: (log: string) => void;
}>;

const superuser = 'postgres';
/** The major version of the npm packages; a cluster of another one cannot be opened by their programs. */
const clusterVersion = '18';
/** Created when the catalog is opened for the first time. */
const database = 'lifeboat';

/**
 * Starts PostgreSQL on a unix socket that only this user can reach. The first start makes the database cluster, with data checksums.
 *
 * @param dir folder for the cluster and its owner file; created when missing. One running server per folder.
 * @throws EmbeddedPostgresUnavailable (EMBEDDED_POSTGRES_UNAVAILABLE)
 * @throws EmbeddedPostgresFailed (EMBEDDED_POSTGRES_FAILED)
 * @throws DatabaseDirectoryInUse (DATABASE_DIRECTORY_IN_USE)
 * @throws DatabaseDirectoryInvalid (DATABASE_DIRECTORY_INVALID)
 */
export async function startEmbeddedPostgres(dir: string, options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
  const programs = findEmbeddedPrograms();
  const launcher = findLauncher(options.runAs);
  mkdirSync(dir, { recursive: true });
  const dataDir = path.join(dir, 'data');
  if (!existsSync(dataDir)) await makeCluster({ dir, dataDir, programs, launcher });
  assertOurCluster(dataDir, launcher);
  await clearLeftPostmaster(dataDir);
  writeFileSync(ownerFileOf(dataDir), ownerMark(process.pid));
  // A socket's path may have about 100 bytes, which a data directory deep in a tree would exceed.
  const socketDir = mkdtempSync(path.join(os.tmpdir(), 'lifeboat-pg-'));
  launcher.giveAway(socketDir);
  try {
    const running = await runPostgres({ launcher, program: programs.postgres, dataDir, socketDir, ...(options.onUnexpectedExit && { onUnexpectedExit: options.onUnexpectedExit }) });
    return {
      connection: { host: socketDir, port: 5432, user: superuser, database },
      stop: async () => {
        await running.stop();
        rmSync(socketDir, { recursive: true, force: true });
        rmSync(ownerFileOf(dataDir), { force: true });
      },
    };
  } catch (error) {
    rmSync(socketDir, { recursive: true, force: true });
    throw error;
  }
}

type ClusterPlace = Readonly<{ dir: string; dataDir: string; programs: PostgresPrograms; launcher: UnprivilegedLauncher }>;

/** Makes the cluster under another name first: a start that was killed half way leaves a folder that the next one throws away. */
async function makeCluster({ dir, dataDir, programs, launcher }: ClusterPlace): Promise<void> {
  for (const name of readdirSync(dir)) if (name.startsWith('making-')) rmSync(path.join(dir, name), { recursive: true, force: true });
  const making = path.join(dir, `making-${randomBytes(6).toString('hex')}`);
  mkdirSync(making, { mode: 0o700 });
  launcher.giveAway(making);
  launcher.run(programs.initdb, ['-D', making, '-U', superuser, '-E', 'UTF8', '--locale=C', '--auth=trust', '--data-checksums', '--no-instructions']);
  renameSync(making, dataDir);
  const handle = await open(dir, 'r');
  await handle.sync().finally(() => handle.close());
}

function assertOurCluster(dataDir: string, launcher: UnprivilegedLauncher): void {
  const versionFile = path.join(dataDir, 'PG_VERSION');
  const found = existsSync(versionFile) ? readFileSync(versionFile, 'utf8').trim() : 'no database';
  if (found !== clusterVersion) throw new DatabaseDirectoryInvalid({ directory: dataDir, found });
  launcher.giveAway(dataDir);
}
