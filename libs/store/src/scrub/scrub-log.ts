import type { LedgerRecord, PackId } from '@lifeboat/model';

/** When each pack was last read whole and found right, as the ledger says. Memory: about 150 bytes a pack. */
export class ScrubLog {
  private readonly scrubbedAtMs = new Map<PackId, number>();

  /** Takes in a ledger record; all but those about packs are ignored. */
  apply({ atMs, event }: LedgerRecord): void {
    if (event.type === 'packs.scrubbed') for (const packId of event.packIds) this.scrubbedAtMs.set(packId, atMs);
    else if (event.type === 'packs.deleted' || event.type === 'packs.quarantined') for (const packId of event.packIds) this.scrubbedAtMs.delete(packId);
  }

  /** Undefined for a pack that was never scrubbed. */
  of(packId: PackId): number | undefined {
    return this.scrubbedAtMs.get(packId);
  }
}
