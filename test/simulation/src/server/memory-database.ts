import { isDeepStrictEqual } from 'node:util';
import type { Chance } from '../world/chance.js';

type Row = Readonly<Record<string, unknown>>;
type Where = Readonly<Record<string, unknown>>;
type Tables = ReadonlyMap<string, readonly Row[]>;
type Arguments = Readonly<{ where?: Where; data?: Row | readonly Row[]; create?: Row; update?: Row }>;
type Operation = (rows: readonly Row[], given: Arguments) => readonly [readonly Row[], unknown];

/** Transactions that a power cut may take back: a database that does not wait for its disk. */
const takenBackMax = 3;

/** What the projection does to a table, as Prisma does it. */
const operations: Readonly<Record<string, Operation>> = {
  findUnique: (rows, { where = {} }) => [rows, rows.find((row) => matches(row, where)) ?? null],
  create: (rows, { data }) => [[...rows, data as Row], data],
  createMany: (rows, { data }) => [[...rows, ...(data as readonly Row[])], null],
  deleteMany: (rows, { where = {} }) => [rows.filter((row) => !matches(row, where)), null],
  update: (rows, { where = {}, data }) => [rows.map((row) => (matches(row, where) ? changed(row, data as Row) : row)), null],
  updateMany: (rows, { where = {}, data }) => [rows.map((row) => (matches(row, where) ? changed(row, data as Row) : row)), null],
  upsert: (rows, { where = {}, create = {}, update = {} }) =>
    [rows.some((row) => matches(row, where)) ? rows.map((row) => (matches(row, where) ? changed(row, update) : row)) : [...rows, create], null],
};

/** The few things of a Prisma client that the projection of the ledger uses, in memory, with transactions that a power cut may take back. */
export class MemoryDatabase {
  private tables: Tables = new Map();
  private history: Tables[] = [];

  /** Every table by name, each with the operations above; and what is wanted of SQL itself. */
  readonly client: object = this.clientOf({
    $transaction: async (work: (tx: object) => Promise<unknown>): Promise<unknown> => {
      const before = this.tables;
      try {
        const result = await work(this.client);
        this.history = [...this.history, before].slice(-takenBackMax);
        return result;
      } catch (error) {
        this.tables = before;
        throw error;
      }
    },
    $executeRaw: (sql: readonly string[]): Promise<number> => {
      // Locks are not needed where one process writes; totals are counted, not promised.
      if (sql[0]?.startsWith('INSERT INTO ledger_watermark') === true && this.rowsOf('ledgerWatermark').length === 0) {
        this.set('ledgerWatermark', [{ id: 1, storeId: null, seq: 0n, recordFingerprint: null }]);
      }
      return Promise.resolve(0);
    },
  });

  /** The rows of a table. */
  rowsOf(table: string): readonly Row[] {
    return this.tables.get(table) ?? [];
  }

  /** Takes back some of the last transactions. */
  losePower(chance: Chance): void {
    for (let count = chance.below(takenBackMax + 1); count > 0; count -= 1) this.tables = this.history.pop() ?? this.tables;
  }

  private clientOf(own: Readonly<Record<string, unknown>>): object {
    const table = (name: string): object => Object.fromEntries(Object.entries(operations).map(([operation, run]) => [operation, (given: Arguments): Promise<unknown> => {
      const [rows, result] = run(this.rowsOf(name), given);
      this.set(name, rows);
      return Promise.resolve(result);
    }]));
    return new Proxy(own, { get: (target, name) => (typeof name === 'string' && name !== 'then' ? (target[name] ?? table(name)) : undefined) });
  }

  private set(table: string, rows: readonly Row[]): void {
    this.tables = new Map(this.tables).set(table, rows);
  }
}

function matches(row: Row, where: Where): boolean {
  return Object.entries(where).every(([key, wanted]) => {
    if (key === 'OR') return (wanted as readonly Where[]).some((one) => matches(row, one));
    const found = row[key] ?? null;
    if (typeof wanted !== 'object' || wanted === null) return found === (wanted ?? null);
    if ('lte' in wanted) return found !== null && Number(found) <= Number(wanted.lte);
    if ('in' in wanted) return (wanted.in as readonly unknown[]).includes(found);
    return isDeepStrictEqual(found, wanted);
  });
}

function changed(row: Row, data: Row): Row {
  const values = Object.entries(data).map(([key, value]) => {
    const isStep = typeof value === 'object' && value !== null && 'increment' in value;
    return [key, isStep ? Number(row[key] ?? 0) + Number(value.increment) : value] as const;
  });
  return { ...row, ...Object.fromEntries(values) };
}
