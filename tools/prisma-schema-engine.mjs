#!/usr/bin/env node
/**
 * Stands in for Prisma's native `schema-engine` program: the same arguments and the same JSON-RPC over stdin and stdout, carried out by
 * @prisma/schema-engine-wasm over @prisma/adapter-pg. Both come from npm, so `prisma generate` and `prisma migrate` work without a download.
 * prisma.config.ts points PRISMA_SCHEMA_ENGINE_BINARY here. `--version` prints what Prisma compares with its own.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: {
    datamodels: { type: 'string', multiple: true }, datasource: { type: 'string' }, version: { type: 'boolean' },
    'enabled-preview-features': { type: 'string' }, 'extension-types': { type: 'string' },
  },
});
const url = options.datasource ? JSON.parse(options.datasource).url : undefined;
/** Codes by which Prisma recognises why a connection failed. */
const prismaCodes = { '3D000': 'P1003', '28P01': 'P1000', ECONNREFUSED: 'P1001', ENOENT: 'P1001' };

if (options.version) {
  process.stdout.write(`schema-engine-cli ${require('@prisma/engines-version').enginesVersion}\n`);
} else if (positionals[0] === 'cli') {
  await runCliCommand(positionals[1]);
} else {
  serveRpc();
}

function log(level, message, extra = {}) {
  process.stderr.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, fields: { message, ...extra }, target: 'schema_engine::logger' })}\n`);
}

function requireUrl() {
  if (!url) throw new TypeError('The datasource.url property is required in your Prisma config file when using this command.');
  return url;
}

/** Discrete settings: with a `connectionString` the adapter's shadow database would be the real one, because the string wins over `database`. */
async function settingsOf(text) {
  const { parseIntoClientConfig } = await import('pg-connection-string');
  return parseIntoClientConfig(text);
}

async function withClient(settings, work) {
  const { default: pg } = await import('pg');
  const client = new pg.Client(settings);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const quoted = (name) => `"${name.replaceAll('"', '""')}"`;

async function createDatabase() {
  const settings = await settingsOf(requireUrl());
  await withClient({ ...settings, database: 'postgres' }, (client) => client.query(`CREATE DATABASE ${quoted(settings.database)}`));
  return settings.database;
}

async function dropDatabase() {
  const settings = await settingsOf(requireUrl());
  await withClient({ ...settings, database: 'postgres' }, (client) => client.query(`DROP DATABASE IF EXISTS ${quoted(settings.database)} WITH (FORCE)`));
}

async function runCliCommand(command) {
  const commands = {
    'can-connect-to-database': async () => withClient(await settingsOf(requireUrl()), async () => log('INFO', 'Connection successful')),
    'create-database': createDatabase,
    'drop-database': dropDatabase,
  };
  try {
    if (!commands[command]) throw new TypeError(`unknown command ${String(command)}`);
    await commands[command]();
  } catch (error) {
    const code = prismaCodes[error.code];
    process.stderr.write('schema-engine\n');
    log('ERROR', error.message, code ? { error_code: code } : {});
    process.exitCode = 1;
  }
}

/** The wasm-bindgen glue caches views of one memory: it is instantiated once a process, never twice. */
async function loadEngine() {
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const bytes = readFileSync(require.resolve('@prisma/schema-engine-wasm').replace(/schema_engine\.js$/, 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue.SchemaEngine;
}

const OID_CHAR = 18;
const OID_TEXT = 25;

/** The adapter cannot map the system type "char", which the describer selects: such columns are asked for as text and reported as Character. */
function reportingCharType(adapter, characterType) {
  const pool = adapter.client;
  const query = pool.query.bind(pool);
  const performIO = adapter.performIO.bind(adapter);
  const queryRaw = adapter.queryRaw.bind(adapter);
  let lastAnswer;
  pool.query = async (...args) => {
    const answer = await query(...args);
    for (const field of Array.isArray(answer) ? [] : (answer.fields ?? [])) {
      if (field.dataTypeID === OID_CHAR) Object.assign(field, { dataTypeID: OID_TEXT, wasChar: true });
    }
    return answer;
  };
  adapter.performIO = async (request) => (lastAnswer = await performIO(request));
  adapter.queryRaw = async (request) => {
    const result = await queryRaw(request);
    lastAnswer?.fields?.forEach((field, index) => {
      if (field.wasChar) result.columnTypes[index] = characterType;
    });
    return result;
  };
  return adapter;
}

/** The adapter would drop its shadow database while still connected to it; here the connection is closed first. */
async function connectToShadow(factory, characterType) {
  const admin = await factory.connect();
  const database = `prisma_migrate_shadow_db_${crypto.randomUUID()}`;
  await admin.executeScript(`CREATE DATABASE ${quoted(database)}`);
  const adapter = await new factory.constructor({ ...factory.config, database }).connect();
  const dispose = adapter.dispose.bind(adapter);
  adapter.dispose = async () => {
    await dispose();
    await admin.executeScript(`DROP DATABASE IF EXISTS ${quoted(database)} WITH (FORCE)`);
    await admin.dispose();
  };
  return reportingCharType(adapter, characterType);
}

async function openEngine() {
  const [SchemaEngine, { PrismaPg }, { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum }] = await Promise.all([
    loadEngine(), import('@prisma/adapter-pg'), import('@prisma/driver-adapter-utils'),
  ]);
  const factory = new PrismaPg(await settingsOf(url ?? 'postgresql://nobody@localhost/none'));
  const bound = bindMigrationAwareSqlAdapterFactory({
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => reportingCharType(await factory.connect(), ColumnTypeEnum.Character),
    connectToShadowDb: () => connectToShadow(factory, ColumnTypeEnum.Character),
  });
  const datamodels = (options.datamodels ?? []).map((file) => [file, readFileSync(file, 'utf8')]);
  return SchemaEngine.new({ datamodels: datamodels.length > 0 ? datamodels : undefined }, () => {}, bound);
}

function send(message) {
  const plain = (_key, value) => (typeof value === 'bigint' ? Number(value) : value instanceof Map ? Object.fromEntries(value) : value);
  process.stdout.write(`${JSON.stringify(message, plain)}\n`);
}

/** Answers one request a line, in order; ends with stdin. */
function serveRpc() {
  let engine;
  let queue = Promise.resolve();
  const call = async (method, params) => {
    if (method === 'createDatabase') return { databaseName: await createDatabase() };
    engine ??= openEngine();
    const name = method === 'getDatabaseVersion' ? 'version' : method;
    return (await (await engine)[name](params)) ?? {};
  };
  const answer = async (line) => {
    const { id, method, params } = JSON.parse(line);
    if (!method) return; // The answer to our own `print`.
    try {
      const result = await call(method, params);
      if (method === 'diff' && typeof result.stdout === 'string') {
        send({ jsonrpc: '2.0', id: 900_000 + id, method: 'print', params: { content: result.stdout.replace(/\n$/, '') } });
      }
      send({ jsonrpc: '2.0', id, result });
    } catch (error) {
      const code = /^P\d/.test(error?.code ?? '') ? error.code : undefined;
      const details = { is_panic: false, message: error?.message ?? String(error), error_code: code, meta: error?.meta ?? {} };
      send({ jsonrpc: '2.0', id, error: { code: 4466, message: 'An error happened. Check the data field for details.', data: details } });
    }
  };
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    queue = queue.then(() => answer(line));
  });
  // Pools of the adapter would keep the process alive.
  lines.on('close', () => queue.finally(() => process.exit()));
}
