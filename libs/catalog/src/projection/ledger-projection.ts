import type { LedgerRecord, MachineId, StoreId } from '@lifeboat/model';
import type { LedgerSource, ReadManifest } from '../catalog.js';
import type { Prisma, PrismaClient } from '../generated/client.js';
import { applyRecord } from './apply-record.js';
import { CatalogAheadOfLedger, CatalogForeignStore, LedgerRecordsMissing } from './catalog-errors.js';
import { prepareRecord, type PreparedRecord } from './point-row.js';
import { fingerprintOf } from './record-fingerprint.js';
import { lockWatermark, moveWatermark, readWatermark, type WatermarkRow } from './watermark-row.js';

/** Records per transaction: large enough for a rebuild to be quick, small enough to hold in memory. */
const batchRecordsMax = 200;
const transactionMaxMs = 60_000;

type Records = AsyncIterable<LedgerRecord> | Iterable<LedgerRecord>;
type ProjectOptions = Readonly<{ readManifest: ReadManifest; storeId: StoreId | null; mustReachWatermark: boolean }>;

/** Applies ledger records to the tables; the rules are those of `Catalog.project` and `Catalog.catchUp`. Calls queue up. */
export class LedgerProjection {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly prisma: PrismaClient) {}

  project(records: Records, readManifest: ReadManifest): Promise<number> {
    return this.inTurn(() => this.run(records, { readManifest, storeId: null, mustReachWatermark: false }));
  }

  catchUp(ledger: LedgerSource): Promise<number> {
    return this.inTurn(async () => {
      const { storeId, seq } = await readWatermark(this.prisma);
      if (storeId !== null && storeId !== ledger.storeId) throw new CatalogForeignStore({ catalogStoreId: storeId, storeId: ledger.storeId });
      return this.run(ledger.readLedger(Math.max(1, seq)), { readManifest: ledger.readManifest, storeId: ledger.storeId, mustReachWatermark: true });
    });
  }

  reset(): Promise<void> {
    return this.inTurn(async () => {
      await this.prisma.$transaction(async (tx) => {
        await lockWatermark(tx);
        await tx.$executeRaw`
          TRUNCATE computer, restore_point, enrolment, operator_token, enrolment_token, policy, drill, retention_policy, machine_tag, point_deletion, deletion_request, retention_run, anomaly, store_fact`;
        await moveWatermark(tx, { storeId: null, seq: 0, recordFingerprint: null });
      });
    });
  }

  /** One call at a time in this process; against other processes the watermark's row is locked. */
  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined); // The caller gets the rejection; the next call starts anyway.
    return result;
  }

  private async run(records: Records, options: ProjectOptions): Promise<number> {
    const start = await readWatermark(this.prisma);
    let applied = 0;
    let firstSeq: number | undefined;
    let lastSeq = 0;
    let batch: PreparedRecord[] = [];
    for await (const record of records) {
      if (firstSeq !== undefined && record.seq !== lastSeq + 1) throw new LedgerRecordsMissing({ expectedSeq: lastSeq + 1, foundSeq: record.seq });
      firstSeq ??= record.seq;
      lastSeq = record.seq;
      if (record.seq <= start.seq) {
        assertSameRecord(record, start);
        continue;
      }
      if (firstSeq > start.seq + 1) throw new LedgerRecordsMissing({ expectedSeq: start.seq + 1, foundSeq: firstSeq });
      batch.push(await prepareRecord(record, options.readManifest));
      if (batch.length === batchRecordsMax) {
        applied += await this.applyBatch(batch, options.storeId);
        batch = [];
      }
    }
    if ((options.mustReachWatermark || firstSeq === 1) && lastSeq < start.seq) throw new CatalogAheadOfLedger({ catalogSeq: start.seq, ledgerSeq: lastSeq });
    return applied + (await this.applyBatch(batch, options.storeId));
  }

  private async applyBatch(batch: readonly PreparedRecord[], storeId: StoreId | null): Promise<number> {
    if (batch.length === 0) return 0;
    return this.prisma.$transaction(
      async (tx) => {
        const before = await lockWatermark(tx);
        // Another process may have applied some of them since the watermark was read.
        const fresh = batch.filter(({ record }) => record.seq > before.seq);
        const first = fresh[0]?.record;
        const last = fresh.at(-1)?.record;
        if (!first || !last) return 0;
        if (first.seq !== before.seq + 1) throw new LedgerRecordsMissing({ expectedSeq: before.seq + 1, foundSeq: first.seq });
        const touched = new Set<MachineId>();
        for (const prepared of fresh) {
          const machineId = await applyRecord(tx, prepared);
          if (machineId) touched.add(machineId);
        }
        await recomputeTotals(tx, [...touched]);
        const created = first.event.type === 'store.created' ? first.event.storeId : null;
        await moveWatermark(tx, { storeId: storeId ?? created ?? before.storeId, seq: last.seq, recordFingerprint: fingerprintOf(last) });
        return fresh.length;
      },
      { maxWait: transactionMaxMs, timeout: transactionMaxMs },
    );
  }
}

function assertSameRecord(record: LedgerRecord, watermark: WatermarkRow): void {
  const { event } = record;
  if (event.type === 'store.created' && watermark.storeId !== null && event.storeId !== watermark.storeId) {
    throw new CatalogForeignStore({ catalogStoreId: watermark.storeId, storeId: event.storeId });
  }
  if (record.seq === watermark.seq && fingerprintOf(record) !== watermark.recordFingerprint) {
    throw new CatalogAheadOfLedger({ catalogSeq: watermark.seq, ledgerSeq: record.seq - 1 });
  }
}

/** Counts each machine's points anew: totals that are only ever added to could drift from the rows. Points that were deleted do not count, though they can be brought back. */
async function recomputeTotals(tx: Prisma.TransactionClient, machineIds: readonly MachineId[]): Promise<void> {
  if (machineIds.length === 0) return;
  await tx.$executeRaw`
    UPDATE computer SET points = totals.points, damaged_points = totals.damaged, newest_good_point_at_ms = totals.newest
    FROM (SELECT touched.machine_id, count(point_id) AS points, count(point_id) FILTER (WHERE state <> 'good') AS damaged,
                 (array_agg(created_at_ms ORDER BY seq DESC) FILTER (WHERE state = 'good'))[1] AS newest
          FROM unnest(${[...machineIds]}::text[]) AS touched (machine_id)
          LEFT JOIN restore_point ON restore_point.machine_id = touched.machine_id AND condemned_at_ms IS NULL GROUP BY touched.machine_id) AS totals
    WHERE computer.machine_id = totals.machine_id`;
}
