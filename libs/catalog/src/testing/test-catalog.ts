import { mkdtempSync, rmSync } from 'node:fs';
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

/** A real PostgreSQL in a temporary folder, one per spec file. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'lifeboat-catalog-'));
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
