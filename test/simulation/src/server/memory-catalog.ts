import { LedgerProjection } from '@lifeboat/catalog/projection';
import type { Store } from '@lifeboat/store';
import type { Chance } from '../world/chance.js';
import { ensure } from '../world/simulation-failed.js';
import { MemoryDatabase } from './memory-database.js';

/**
 * The catalog: the production projection of the ledger into a database in memory. It must never be ahead of the ledger, which the projection refuses by itself, and
 * its points must be the ledger's.
 */
export class MemoryCatalog {
  private readonly database = new MemoryDatabase();
  private projection = this.makeProjection();

  /** Brings it up to the ledger's end. Rejects when it knows records that the ledger does not have. */
  async catchUp(store: Store): Promise<void> {
    await this.projection.catchUp({ storeId: store.storeId, readLedger: (fromSeq) => store.readLedger(fromSeq), readManifest: (machineId, pointId) => store.readManifest(machineId, pointId) });
  }

  /** Compares its points with those that are alive, when it has just caught up. */
  assertPoints(alive: readonly string[]): void {
    const known = this.database.rowsOf('restorePoint').map(({ pointId }) => String(pointId)).sort();
    ensure(known.join() === [...alive].sort().join(), () => `the catalog lists ${known.join(' ')}, alive are ${alive.join(' ')}`);
  }

  /** The server's process is gone, and what its database had not finished. */
  restart(): void {
    this.projection = this.makeProjection();
  }

  /** The database's machine loses power too. */
  losePower(chance: Chance): void {
    this.database.losePower(chance);
  }

  private makeProjection(): LedgerProjection {
    // The projection uses no more of the client than the database in memory has; a use that it lacks fails at once.
    return new LedgerProjection(this.database.client as never);
  }
}
