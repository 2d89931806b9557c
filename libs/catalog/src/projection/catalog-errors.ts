import { OperationalError } from '@lifeboat/model';

const rebuild = 'Stop the server and run `lifeboat catalog rebuild`: the store is the truth, the database only mirrors it.';

/** The catalog mirrors another store than the one it was given. */
export class CatalogForeignStore extends OperationalError {
  readonly code = 'CATALOG_FOREIGN_STORE';
  constructor(details: Readonly<{ catalogStoreId: string; storeId: string }>) {
    super('the catalog belongs to another store', { retry: 'never', details, remedy: rebuild });
  }
}

/** The catalog holds records that the ledger does not have: the store was replaced, or put back to an older state. */
export class CatalogAheadOfLedger extends OperationalError {
  readonly code = 'CATALOG_AHEAD_OF_LEDGER';
  constructor(details: Readonly<{ catalogSeq: number; ledgerSeq: number }>) {
    super('the catalog knows records that the ledger does not have', { retry: 'never', details, remedy: rebuild });
  }
}

/** Records between the watermark and the first one given are missing. */
export class LedgerRecordsMissing extends OperationalError {
  readonly code = 'LEDGER_RECORDS_MISSING';
  constructor(details: Readonly<{ expectedSeq: number; foundSeq: number }>) {
    super('ledger records are missing before the one to be applied', { retry: 'now', details, remedy: 'Apply the ledger from the record after the watermark on.' });
  }
}
