import fc from 'fast-check';
import pg from 'pg';
import { StoreId, type LedgerRecord } from '@lifeboat/model';
import type { Catalog } from '../catalog.js';
import type { PgConnection } from '../pg-connection.js';
import { anyEvent, committed, enrolled, ledgerOf, machineId, manifestsOf, pointId, sourceOf, storeId } from '../testing/ledger-fixtures.js';
import { startTestPostgres, type TestPostgres } from '../testing/test-catalog.js';

let postgres: TestPostgres;
let catalog: Catalog;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  catalog = await postgres.openEmptyCatalog();
});
afterEach(() => catalog.close());

const projectedTables = [
  'computer', 'restore_point', 'enrolment', 'operator_token', 'enrolment_token', 'policy', 'ledger_watermark', 'drill', 'retention_policy', 'machine_tag', 'point_deletion', 'deletion_request', 'retention_run',
  'anomaly', 'store_fact',
];

/** Every row of the projection as PostgreSQL tells it, without our repositories. */
async function dump(connection: PgConnection): Promise<Record<string, string[]>> {
  const client = new pg.Client({ ...connection });
  await client.connect();
  const tables: Record<string, string[]> = {};
  for (const table of projectedTables) {
    const { rows } = await client.query<{ row: string }>(`SELECT row_to_json(t)::text AS row FROM ${table} t`);
    tables[table] = rows.map(({ row }) => row).sort();
  }
  await client.end();
  return tables;
}

const manifests = manifestsOf([[pointId(3), 'POINT_DAMAGED'], [pointId(5), 'POINT_MISSING'], [pointId(7), { state: 'suspect' }]]);

test('any ledger gives the same rows in one go, in pieces, twice, and after a rebuild', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { maxLength: 60 }), fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 4 }), async (events, cuts) => {
      const ledger = ledgerOf(events);
      await catalog.reset();
      expect(await catalog.project(ledger, manifests)).toBe(ledger.length);
      const once = await dump(catalog.connection);
      expect(await catalog.project(ledger, manifests)).toBe(0);
      expect(await dump(catalog.connection)).toEqual(once);
      await catalog.reset();
      for (const cut of cuts.sort((one, other) => one - other)) await catalog.catchUp(sourceOf(ledger.slice(0, cut), manifests)).catch(() => 0);
      await catalog.catchUp(sourceOf(ledger, manifests));
      expect(await dump(catalog.connection)).toEqual(once);
      expect(await catalog.watermark()).toEqual({ storeId, seq: ledger.length });
    }),
    { numRuns: 25 },
  );
}, 240_000);

test('a new catalog is empty and takes more records than one transaction holds', async () => {
  expect(await catalog.watermark()).toEqual({ storeId: null, seq: 0 });
  const ledger = ledgerOf([enrolled(1), ...Array.from({ length: 450 }, (_, index) => committed(1, index + 1))]);
  expect(await catalog.project(ledger, manifestsOf())).toBe(452);
  expect((await catalog.computers.get(machineId(1))).points).toBe(450);
});

test('a failure between the records loses nothing and repeats nothing', async () => {
  const ledger = ledgerOf([enrolled(1), committed(1, 1), committed(1, 2)]);
  const broken = (...[machine, point]: Parameters<ReturnType<typeof manifestsOf>>) => (point === pointId(2) ? Promise.reject(new TypeError('disk gone')) : manifestsOf()(machine, point));
  await expect(catalog.catchUp(sourceOf(ledger, broken))).rejects.toThrow('disk gone');
  const { seq } = await catalog.watermark();
  expect((await catalog.points.listByMachine(machineId(1))).length).toBe(Math.max(0, seq - 2));
  await catalog.catchUp(sourceOf(ledger));
  expect((await catalog.computers.get(machineId(1))).points).toBe(2);
});

test('parallel calls apply every record once', async () => {
  const ledger = ledgerOf([enrolled(1), ...Array.from({ length: 40 }, (_, index) => committed(1, index + 1))]);
  const applied = await Promise.all([1, 10, 20, 41, 41].map((end) => catalog.catchUp(sourceOf(ledger.slice(0, end)))));
  expect(applied).toEqual([1, 9, 10, 21, 0]);
  await catalog.catchUp(sourceOf(ledger));
  expect((await catalog.points.listByMachine(machineId(1))).length).toBe(40);
});

describe('a ledger that does not fit is refused', () => {
  const ledger = ledgerOf([enrolled(1), enrolled(2), enrolled(3)]);
  const changed = (at: number): LedgerRecord[] => ledger.map((record) => (record.seq === at ? { ...record, atMs: record.atMs + 1 } : record));
  const otherStore = StoreId.parse('f'.repeat(32));
  beforeEach(() => catalog.project(ledger, manifestsOf()));

  test.each([
    { name: 'another store', run: () => catalog.catchUp(sourceOf(ledger, manifestsOf(), otherStore)), code: 'CATALOG_FOREIGN_STORE' },
    { name: "another store's records", run: () => catalog.project([{ seq: 1, atMs: 0, event: { type: 'store.created', storeId: otherStore } }], manifestsOf()), code: 'CATALOG_FOREIGN_STORE' },
    { name: 'a ledger put back in time', run: () => catalog.catchUp(sourceOf(ledger.slice(0, 3))), code: 'CATALOG_AHEAD_OF_LEDGER' },
    { name: 'a shorter ledger from its beginning', run: () => catalog.project(ledger.slice(0, 3), manifestsOf()), code: 'CATALOG_AHEAD_OF_LEDGER' },
    { name: 'a ledger that went on differently', run: () => catalog.catchUp(sourceOf(changed(4))), code: 'CATALOG_AHEAD_OF_LEDGER' },
    { name: 'an empty ledger', run: () => catalog.catchUp(sourceOf([])), code: 'CATALOG_AHEAD_OF_LEDGER' },
    { name: 'a hole after the watermark', run: () => catalog.project([{ seq: 6, atMs: 0, event: enrolled(9) }], manifestsOf()), code: 'LEDGER_RECORDS_MISSING' },
    { name: 'a hole in the records', run: () => catalog.project([...ledger, { seq: 6, atMs: 0, event: enrolled(9) }], manifestsOf()), code: 'LEDGER_RECORDS_MISSING' },
  ])('$name', async ({ run, code }) => {
    const before = await dump(catalog.connection);
    await expect(run()).rejects.toMatchObject({ code, ...(code.startsWith('CATALOG') && { remedy: expect.stringContaining('catalog rebuild') as string }) });
    expect(await dump(catalog.connection)).toEqual(before);
  });

  test('until it is rebuilt', async () => {
    await catalog.reset();
    expect(await catalog.watermark()).toEqual({ storeId: null, seq: 0 });
    expect(await catalog.catchUp(sourceOf(ledger.slice(0, 3)))).toBe(3);
  });
});
