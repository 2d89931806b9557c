import type { LedgerRecord, StoreId } from '@lifeboat/model';
import type { Store } from '@lifeboat/store';
import { isDeepStrictEqual } from 'node:util';
import type { Chance } from '../world/chance.js';
import { ensure } from '../world/simulation-failed.js';

/**
 * The catalog's rule of following, in memory: records in order, each once, the last one read again. A power cut may take back its last transactions, never the store's
 * records that it has applied.
 */
export class MemoryCatalog {
  private applied: LedgerRecord[] = [];
  private storeId: StoreId | undefined;

  /** Brings it up to the ledger's end. */
  async catchUp(store: Store): Promise<void> {
    ensure(this.storeId === undefined || this.storeId === store.storeId, () => 'the store has become another one');
    this.storeId = store.storeId;
    const watermark = this.applied.at(-1);
    let lastSeq = 0;
    for await (const record of store.readLedger(Math.max(1, watermark?.seq ?? 0))) {
      lastSeq = record.seq;
      if (record.seq === watermark?.seq) ensure(isDeepStrictEqual(record, watermark), () => `the record at the catalog's watermark ${String(record.seq)} is another one`);
      // Two callers may read at once; what one has applied the other skips.
      else if (record.seq === this.applied.length + 1) this.applied.push(record);
      else ensure(record.seq <= this.applied.length, () => `records before ${String(record.seq)} are missing for the catalog`);
    }
    ensure(lastSeq >= (watermark?.seq ?? 0), () => `the catalog has applied record ${String(watermark?.seq)}, the ledger ends at ${String(lastSeq)}`);
  }

  /** The database's machine loses power too. */
  losePower(chance: Chance): void {
    this.applied = this.applied.slice(0, Math.max(0, this.applied.length - chance.below(4)));
  }
}
