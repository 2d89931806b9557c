import type { PackId } from '@lifeboat/model';

/**
 * Packs that something came to rely on since the running collection began: a duplicate that was not stored again, or a commit. The collection's mark may have
 * passed before, so it leaves these packs alone.
 */
export class PackUses {
  private used = new Set<PackId>();
  private begun = 0;

  /** How many collections of this process have begun. */
  get generation(): number {
    return this.begun;
  }

  /** A collection begins: what was used before is found by its mark. */
  begin(): void {
    this.used = new Set();
    this.begun += 1;
  }

  add(packId: PackId): void {
    this.used.add(packId);
  }

  has(packId: PackId): boolean {
    return this.used.has(packId);
  }
}
