import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, type SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm';
import type { PgConnection } from '../pg-connection.js';
import { DatabaseMigrationFailed } from './database-errors.js';

/** Minimal view of the WebAssembly global: the compiler's `es2023` library does not declare it. */
declare const WebAssembly: { instantiate(bytes: Uint8Array, imports: unknown): Promise<{ instance: { exports: Record<string, unknown> } }> };

type EngineGlue = Readonly<{ SchemaEngine: { new: (options: unknown, log: () => void, factory: unknown) => Promise<SchemaEngine> }; __wbg_set_wasm: (exports: unknown) => void }>;

/** The wasm-bindgen glue caches views of one memory: instantiating it a second time would corrupt the first. */
let loaded: Promise<EngineGlue> | undefined;

async function loadEngine(): Promise<EngineGlue> {
  const glue = (await import('@prisma/schema-engine-wasm/schema_engine_bg')) as unknown as EngineGlue;
  const wasmFile = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm').replace(/schema_engine\.js$/, 'schema_engine_bg.wasm');
  const { instance } = await WebAssembly.instantiate(readFileSync(wasmFile), { './schema_engine_bg.js': withoutHold(glue) });
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
  return glue;
}

/** The engine never clears the time-out of its advisory lock, which would keep a process from ending for ten seconds. */
function withoutHold(glue: EngineGlue): Record<string, unknown> {
  const unref = (start: (...args: unknown[]) => NodeJS.Timeout) => (...args: unknown[]) => start(...args).unref();
  return Object.fromEntries(Object.entries(glue).map(([name, value]) => [name, name.startsWith('__wbg_setTimeout_') ? unref(value as Parameters<typeof unref>[0]) : value]));
}

/**
 * Brings the tables to the newest migration, as `prisma migrate deploy` would: same engine, same table of applied migrations, same checksums.
 * In this process, so that a server needs no command-line tool. Cost: about 15 ms when there is nothing to do.
 *
 * @param migrationsDir folder of migration folders, applied in the order of their names.
 * @returns names of the migrations that were applied now.
 * @throws DatabaseMigrationFailed (DATABASE_MIGRATION_FAILED) also when a former attempt broke off.
 */
export async function migrateDatabase(connection: PgConnection, migrationsDir: string): Promise<readonly string[]> {
  const glue = await (loaded ??= loadEngine());
  const factory = new PrismaPg({ ...connection, max: 2 });
  const opened: { dispose(): Promise<void> }[] = [];
  const tracked: SqlMigrationAwareDriverAdapterFactory = {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connectToShadowDb: () => factory.connectToShadowDb(),
    connect: async () => {
      const adapter = await factory.connect();
      opened.push(adapter);
      return adapter;
    },
  };
  const engine = await glue.SchemaEngine.new({ datamodels: undefined }, () => undefined, bindMigrationAwareSqlAdapterFactory(tracked));
  try {
    const applied = await engine.applyMigrations({ filters: { externalTables: [], externalEnums: [] }, migrationsList: readMigrations(migrationsDir) });
    return applied.appliedMigrationNames;
  } catch (cause) {
    throw new DatabaseMigrationFailed(cause instanceof Error ? cause.message : String(cause), cause);
  } finally {
    engine.free();
    // The engine holds an advisory lock on its connection: left open, the next start would wait for the pool's idle time-out.
    for (const adapter of opened) await adapter.dispose();
  }
}

function readMigrations(baseDir: string): MigrationList {
  const names = readdirSync(baseDir, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  const lockfile = path.join(baseDir, 'migration_lock.toml');
  return {
    baseDir,
    lockfile: { path: 'migration_lock.toml', content: existsSync(lockfile) ? readFileSync(lockfile, 'utf8') : null },
    shadowDbInitScript: '',
    migrationDirectories: names.map((name) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: readFileSync(path.join(baseDir, name, 'migration.sql'), 'utf8') } },
    })),
  };
}
