import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Catalog } from '../catalog.js';
import { startEmbeddedPostgres } from '../embedded-postgres/start-embedded-postgres.js';
import { openCatalog } from '../open-catalog.js';
import type { PgConnection } from '../pg-connection.js';

/** The repository's own migrations. */
export const migrationsDir = path.resolve(import.meta.dirname, '../../../../prisma/migrations');

export interface TestPostgres {
  readonly connection: PgConnection;
  /** Opens a catalog in an empty database of its own. The caller closes it. */
  openEmptyCatalog(): Promise<Catalog>;
  stop(): Promise<void>;
}

/** Memory where there is some: a cluster syncs hundreds of files, which a busy disk makes slow. */
const fastDir = existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();

/** An empty folder for a cluster; the caller removes it. */
export const makeTestDir = (): string => mkdtempSync(path.join(fastDir, 'lifeboat-catalog-'));

/** A real PostgreSQL in a temporary folder, one per spec file. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const dir = makeTestDir();
  const postgres = await startEmbeddedPostgres(dir);
  let databases = 0;
  return {
    connection: postgres.connection,
    openEmptyCatalog: () => {
      databases += 1;
      return openCatalog({ connection: { ...postgres.connection, database: `test_${String(databases)}` }, migrationsDir });
    },
    stop: async () => {
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
