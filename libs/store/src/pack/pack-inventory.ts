import type { PackId } from '@lifeboat/model';

/** Bytes of each pack's file; about 100 bytes of memory a pack. */
export class PackInventory {
  private readonly sizes = new Map<PackId, number>();
  private sum = 0;

  /** Bytes of all packs. */
  get totalBytes(): number {
    return this.sum;
  }

  /** Number of packs. */
  get count(): number {
    return this.sizes.size;
  }

  /** Every pack. */
  all(): PackId[] {
    return [...this.sizes.keys()];
  }

  /** 0 for a pack that is not there. */
  sizeOf(packId: PackId): number {
    return this.sizes.get(packId) ?? 0;
  }

  set(packId: PackId, sizeBytes: number): void {
    this.sum += sizeBytes - this.sizeOf(packId);
    this.sizes.set(packId, sizeBytes);
  }

  remove(packId: PackId): void {
    this.sum -= this.sizeOf(packId);
    this.sizes.delete(packId);
  }
}
