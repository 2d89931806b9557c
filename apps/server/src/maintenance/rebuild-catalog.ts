import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCatalog, startEmbeddedPostgres, type Catalog } from '@lifeboat/catalog';
import { systemClock, systemRandom } from '@lifeboat/codec';
import { openStore, type Store } from '@lifeboat/store';
import type { ServerConfig } from '../config/server-config.js';
import { findStore } from './find-store.js';

/** The repository's migrations; `src` and `dist` lie equally deep. */
const migrationsDir = fileURLToPath(new URL('../../../../prisma/migrations', import.meta.url));

/** What a rebuild found in the ledger. */
export type RebuildReport = Readonly<{ v: 1; storeId: string; records: number; computers: number; points: number; damagedPoints: number }>;

/**
 * Makes the catalog anew from the store: empties it and applies the whole ledger. Takes the store's lock, so the server must be stopped; the
 * embedded database is made when it is missing, with DATABASE_URL the server named there is used.
 *
 * @throws DataDirWithoutStore (DATA_DIR_WITHOUT_STORE), STORE_LOCKED and other codes of store and catalog. Jobs and last-seen times are not in the ledger.
 */
export async function rebuildCatalog(config: ServerConfig, note: (text: string) => void): Promise<RebuildReport> {
  const store = await openStore({ path: await findStore(config.dataDir), clock: systemClock, random: systemRandom });
  try {
    return await withCatalog(config, note, (catalog) => projectAll(store, catalog, note));
  } finally {
    await store.close();
  }
}

async function withCatalog<T>(config: ServerConfig, note: (text: string) => void, use: (catalog: Catalog) => Promise<T>): Promise<T> {
  const onConnectionLost = (error: Error): void => { note(`database connection lost: ${error.message}`); };
  if (config.databaseUrl !== null) return closing(await openCatalog({ databaseUrl: config.databaseUrl, migrationsDir, onConnectionLost }), use);
  note('starting the embedded database');
  const postgres = await startEmbeddedPostgres(join(resolve(config.dataDir), 'database'), { onUnexpectedExit: (output) => { note(`the embedded database ended: ${output}`); } });
  try {
    return await closing(await openCatalog({ connection: postgres.connection, migrationsDir, onConnectionLost }), use);
  } finally {
    await postgres.stop();
  }
}

async function closing<T>(catalog: Catalog, use: (catalog: Catalog) => Promise<T>): Promise<T> {
  try {
    return await use(catalog);
  } finally {
    await catalog.close();
  }
}

async function projectAll(store: Store, catalog: Catalog, note: (text: string) => void): Promise<RebuildReport> {
  note('emptying the catalog and applying the ledger');
  await catalog.reset();
  const records = await catalog.catchUp({
    storeId: store.storeId,
    readLedger: (fromSeq) => store.readLedger(fromSeq),
    readManifest: (machineId, pointId) => store.readManifest(machineId, pointId),
  });
  let points = 0;
  let damagedPoints = 0;
  const computers = await catalog.computers.list();
  for (const { machineId } of computers) {
    const list = await catalog.points.listByMachine(machineId);
    points += list.length;
    damagedPoints += list.filter((point) => point.state === 'damaged').length;
  }
  return { v: 1, storeId: store.storeId, records, computers: computers.length, points, damagedPoints };
}
