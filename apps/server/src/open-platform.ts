import { fileURLToPath } from 'node:url';
import { openCatalog, startEmbeddedPostgres, type Catalog } from '@lifeboat/catalog';
import { systemClock, systemRandom } from '@lifeboat/codec';
import { createIngest } from '@lifeboat/ingest';
import { createJobs } from '@lifeboat/jobs';
import { hours, isLifeboatError, MIB, type Clock, type Random } from '@lifeboat/model';
import { openStore, reserveBytesFor, type Store, type StoreFs } from '@lifeboat/store';
import { mkdir, statfs } from 'node:fs/promises';
import type { Logger } from 'pino';
import { openDataDirectory, type DataDirectory } from './config/data-directory.js';
import type { ServerConfig } from './config/server-config.js';
import { openServerKey } from './config/server-key.js';
import type { Platform } from './platform/platform.module.js';
import { ServerLedger } from './platform/server-ledger.js';

/** A backup whose agent does not come back is given up after this long. */
const parkedMaxMs = hours(24);
/** The repository's migrations; `src` and `dist` lie equally deep. */
const migrationsDir = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

/** Room kept ready on the disk for two packs and the ledger: what garbage collection needs to begin on a full disk. */
const reserveBytesMax = 128 * MIB;

/** What tests may put in place of the system. */
export type ServerPorts = Readonly<{ clock?: Clock; random?: Random; storeFs?: StoreFs; reserveBytes?: number }>;

/** The opened platform and how to close it again, in reverse order. */
export type OpenedPlatform = Readonly<{ platform: Platform; dataDirectory: DataDirectory; close: () => Promise<void> }>;

/**
 * Opens everything the server stands on: data directory, key, store (which takes the lock), database, ledger into the catalog, sessions,
 * queue. What was opened is closed again when a later step fails.
 *
 * @throws DATA_DIR_UNUSABLE, SERVER_KEY_UNUSABLE, and the codes of store, catalog and queue, e.g. STORE_LOCKED, STORE_FORMAT_NEWER, DATABASE_UNREACHABLE.
 */
export async function openPlatform(config: ServerConfig, log: Logger, ports: ServerPorts): Promise<OpenedPlatform> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) {
      await closer().catch((error: unknown) => { log.error({ err: error }, 'a part of the server could not be closed'); });
    }
  };
  try {
    const clock = ports.clock ?? systemClock;
    const random = ports.random ?? systemRandom;
    const dataDirectory = await openDataDirectory(config.dataDir);
    const serverKey = await openServerKey(dataDirectory.serverKeyFile);
    await mkdir(dataDirectory.storeDir, { recursive: true, mode: 0o700 });
    const reserveBytes = ports.reserveBytes ?? (await reserveBytesIn(dataDirectory.storeDir, config.quotaBytes));
    const store = await openStore({ path: dataDirectory.storeDir, clock, random, reserveBytes, ...(ports.storeFs ? { fs: ports.storeFs } : {}) });
    closers.push(() => store.close());
    store.fillReserve().catch((error: unknown) => { log.warn({ err: error }, 'the reserve on the disk of the store could not be made'); });
    const catalog = await openDatabase({ config, dataDirectory, log }, closers);
    await followLedger({ store, catalog, log, mayReset: config.databaseUrl === null });
    const ingest = await createIngest({ store, clock, random, parkedMaxMs });
    closers.push(() => ingest.close());
    const jobs = await createJobs({ postgres: catalog.connection, logger: log, ...(config.redisUrl === null ? {} : { redisUrl: config.redisUrl }) });
    closers.push(() => jobs.close());
    const ledger = new ServerLedger(store, catalog, log);
    return { platform: { config, serverKey, store, ingest, catalog, jobs, clock, random, log, ledger }, dataDirectory, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function reserveBytesIn(storeDir: string, quotaBytes: number | null): Promise<number> {
  const { bsize, blocks } = await statfs(storeDir);
  return Math.min(reserveBytesMax, reserveBytesFor(Math.min(bsize * blocks, quotaBytes ?? Infinity)));
}

async function openDatabase(from: Readonly<{ config: ServerConfig; dataDirectory: DataDirectory; log: Logger }>, closers: (() => Promise<unknown>)[]): Promise<Catalog> {
  const { config, dataDirectory, log } = from;
  const onConnectionLost = (error: Error): void => { log.warn({ err: error }, 'database connection lost'); };
  if (config.databaseUrl !== null) {
    const catalog = await openCatalog({ databaseUrl: config.databaseUrl, migrationsDir, onConnectionLost });
    closers.push(() => catalog.close());
    return catalog;
  }
  const postgres = await startEmbeddedPostgres(dataDirectory.databaseDir, { onUnexpectedExit: (output) => { log.error({ output }, 'the embedded database ended unexpectedly'); } });
  closers.push(() => postgres.stop());
  const catalog = await openCatalog({ connection: postgres.connection, migrationsDir, onConnectionLost });
  closers.push(() => catalog.close());
  return catalog;
}

/** Brings the catalog up to the ledger. A catalog of our own that does not fit is made anew; one on a shared server is left to a person. */
async function followLedger(parts: Readonly<{ store: Store; catalog: Catalog; log: Logger; mayReset: boolean }>): Promise<void> {
  const { store, catalog, log, mayReset } = parts;
  const source = {
    storeId: store.storeId,
    readLedger: (fromSeq: number) => store.readLedger(fromSeq),
    readManifest: (...ids: Parameters<Store['readManifest']>) => store.readManifest(...ids),
  };
  try {
    await catalog.catchUp(source);
  } catch (error) {
    const doesNotFit = isLifeboatError(error) && (error.code === 'CATALOG_FOREIGN_STORE' || error.code === 'CATALOG_AHEAD_OF_LEDGER');
    if (!mayReset || !doesNotFit) throw error;
    log.warn({ err: error }, 'the catalog does not belong to this ledger and is made anew');
    await catalog.reset();
    await catalog.catchUp(source);
  }
}
