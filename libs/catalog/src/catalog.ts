import type { LedgerRecord, MachineId, RestorePointId, RestorePointManifest, StoreId } from '@lifeboat/model';
import type { ComputerRepository } from './computers/computer-repository.js';
import type { DrillRepository } from './drills/drill-repository.js';
import type { EnrolmentRepository } from './enrolments/enrolment-repository.js';
import type { JobRepository } from './jobs/job-repository.js';
import type { PgConnection } from './pg-connection.js';
import type { PointRepository } from './points/point-repository.js';
import type { PolicyRepository } from './policies/policy-repository.js';
import type { RetentionRepository } from './retention/retention-repository.js';
import type { SpaceRepository } from './retention/space-repository.js';
import type { TokenRepository } from './tokens/token-repository.js';

/** Reads a point's manifest from the store; an error with code POINT_MISSING or POINT_DAMAGED makes the point `damaged`. */
export type ReadManifest = (machineId: MachineId, pointId: RestorePointId) => Promise<RestorePointManifest>;

/** How far the catalog has followed the ledger: every record up to `seq` is applied. A new catalog: null and 0. */
export type Watermark = Readonly<{ storeId: StoreId | null; seq: number }>;

/** The part of the store that the catalog follows. `readLedger` yields records from `fromSeq` on, in order, without holes. */
export type LedgerSource = Readonly<{ storeId: StoreId; readLedger(fromSeq: number): AsyncIterable<LedgerRecord>; readManifest: ReadManifest }>;

/**
 * What the server answers questions from: a projection of the ledger in PostgreSQL that may be lost and rebuilt at any time.
 * Only jobs, the time a machine was last seen and the history of the store's size live here alone.
 */
export interface Catalog {
  /** For the queue, which keeps its own schema in the same database. */
  readonly connection: PgConnection;
  readonly computers: ComputerRepository;
  readonly points: PointRepository;
  readonly enrolments: EnrolmentRepository;
  readonly tokens: TokenRepository;
  readonly policies: PolicyRepository;
  readonly jobs: JobRepository;
  readonly drills: DrillRepository;
  readonly retention: RetentionRepository;
  readonly space: SpaceRepository;

  watermark(): Promise<Watermark>;
  /**
   * Brings the catalog up to the ledger's end; the way to start a server and, called after each append, to keep up. It re-reads the
   * record at the watermark, so a ledger that was replaced or put back in time is noticed even when it has nothing new.
   *
   * @returns how many records were applied.
   * @throws CatalogForeignStore (CATALOG_FOREIGN_STORE) the catalog was made from another store.
   * @throws CatalogAheadOfLedger (CATALOG_AHEAD_OF_LEDGER) the catalog holds records that the ledger does not have.
   */
  catchUp(ledger: LedgerSource): Promise<number>;
  /**
   * Applies records in order, each batch in one transaction together with the watermark. Records at or below the watermark are skipped, so
   * the same records may come twice. Calls are carried out one after the other.
   *
   * @param records ascending without holes, beginning at or below the record after the watermark.
   * @returns how many records were applied.
   * @throws CatalogForeignStore (CATALOG_FOREIGN_STORE) record 1 names another store.
   * @throws CatalogAheadOfLedger (CATALOG_AHEAD_OF_LEDGER) a stream that began at record 1 ended below the watermark, or the record at the
   *   watermark is another one than was applied.
   * @throws LedgerRecordsMissing (LEDGER_RECORDS_MISSING) a hole; nothing behind it was applied.
   */
  project(records: AsyncIterable<LedgerRecord> | Iterable<LedgerRecord>, readManifest: ReadManifest): Promise<number>;
  /** Empties the projection, for a rebuild. What lives here alone stays. */
  reset(): Promise<void>;
  close(): Promise<void>;
}
