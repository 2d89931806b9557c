import type { Catalog } from '@lifeboat/catalog';
import type { LedgerEvent, LedgerRecord } from '@lifeboat/model';
import type { Store } from '@lifeboat/store';
import type { Logger } from 'pino';

/**
 * Writes events into the store's ledger and lets the catalog follow. What is in the ledger has happened: when the database is away, the
 * event stands and the catalog catches up with the next one.
 */
export class ServerLedger {
  constructor(
    private readonly store: Store,
    private readonly catalog: Catalog,
    private readonly log: Logger,
  ) {}

  /** Appends events in order, each durable, then projects them. */
  async append(...events: readonly LedgerEvent[]): Promise<readonly LedgerRecord[]> {
    const records: LedgerRecord[] = [];
    for (const event of events) records.push(await this.store.appendLedger(event));
    await this.follow();
    return records;
  }

  /** Projects what others, e.g. the commit of a point, appended. Never fails the caller. @returns whether the catalog knows the whole ledger now. */
  async follow(): Promise<boolean> {
    try {
      await this.catalog.catchUp({
        storeId: this.store.storeId,
        readLedger: (fromSeq) => this.store.readLedger(fromSeq),
        readManifest: (machineId, pointId) => this.store.readManifest(machineId, pointId),
      });
      return true;
    } catch (error) {
      this.log.error({ err: error }, 'the catalog could not follow the ledger');
      return false;
    }
  }
}
