import type { LedgerRecord, PackId } from '@lifeboat/model';

/** Packs that one ledger record names, at most. */
export const packIdsPerEventMax = 4096;

/** A pack in which a collection found nothing live. `trustedMs` is when, of trusted time; null when the ledger does not tell. */
export type CondemnedPack = Readonly<{ packId: PackId; epoch: number; trustedMs: number | null; rewritten: boolean }>;

type PackState = 'condemned' | 'quarantined' | 'deleted';

/**
 * What the ledger says of packs. A pack it says nothing of is live. Memory is that of the packs that are not live: about 150 bytes each.
 *
 * A change takes effect for lookups by {@link hide} before its record is written, so that no put can rely on a pack while the record is on its way to the disk.
 */
export class PackStates {
  private readonly condemned = new Map<PackId, CondemnedPack>();
  private readonly gone = new Map<PackId, 'quarantined' | 'deleted'>();
  private readonly hidden = new Set<PackId>();
  private epoch = 0;
  private changes = 0;

  /** Number of the last collection that began; 0 before the first. */
  get lastEpoch(): number {
    return this.epoch;
  }

  /** Grows whenever a pack stops being live, or loses some of what it held. */
  get version(): number {
    return this.changes;
  }

  /** Takes in a ledger record; all but those about packs and collections are ignored. */
  apply({ event }: LedgerRecord): void {
    switch (event.type) {
      case 'gc.begun':
        this.epoch = Math.max(this.epoch, event.epoch);
        break;
      case 'packs.condemned':
        for (const packId of event.packIds) this.condemned.set(packId, { packId, epoch: event.epoch, trustedMs: event.trustedMs ?? null, rewritten: event.rewritten });
        this.changes += 1;
        break;
      case 'packs.rescued':
        for (const packId of event.packIds) this.condemned.delete(packId);
        break;
      case 'packs.deleted':
        this.leave(event.packIds, 'deleted');
        break;
      case 'packs.quarantined':
        this.leave(event.packIds, 'quarantined');
        break;
      default:
    }
  }

  /** Undefined for a live pack. */
  of(packId: PackId): PackState | undefined {
    return this.gone.get(packId) ?? (this.condemned.has(packId) ? 'condemned' : undefined);
  }

  /** Tells whether new content may rely on the pack. */
  isLive(packId: PackId): boolean {
    return !this.hidden.has(packId) && this.of(packId) === undefined;
  }

  /** Tells whether what lies in the pack can be had: from a live pack, or from a condemned one, which a commit rescues. */
  isPresent(packId: PackId): boolean {
    return !this.gone.has(packId);
  }

  /** Something in a live pack cannot be read any more: what was found complete before must be looked at again. */
  noteLoss(): void {
    this.changes += 1;
  }

  /** The condemned packs, in the order of their condemnation. */
  allCondemned(): CondemnedPack[] {
    return [...this.condemned.values()];
  }

  /** Undefined unless the pack is condemned. */
  findCondemned(packId: PackId): CondemnedPack | undefined {
    return this.condemned.get(packId);
  }

  /** Packs that are deleted by the ledger; their files may still be there after a crash. */
  allDeleted(): PackId[] {
    return [...this.gone].filter(([, state]) => state === 'deleted').map(([packId]) => packId);
  }

  /** Takes packs out of the lookups while `write` makes a record of it; without a record they come back. */
  async hide(packIds: readonly PackId[], write: () => Promise<void>): Promise<void> {
    for (const packId of packIds) this.hidden.add(packId);
    try {
      await write();
    } finally {
      for (const packId of packIds) this.hidden.delete(packId);
    }
  }

  /** Forgets a deleted pack whose file is gone: nothing can name it any more. */
  forget(packId: PackId): void {
    if (this.gone.get(packId) === 'deleted') this.gone.delete(packId);
  }

  private leave(packIds: readonly PackId[], state: 'quarantined' | 'deleted'): void {
    for (const packId of packIds) {
      this.condemned.delete(packId);
      this.gone.set(packId, state);
    }
    this.changes += 1;
  }
}
