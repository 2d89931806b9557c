import type { Extent } from '@lifeboat/model';

/** With flex_bg three extents for every 16 groups; this many would be 500 TiB, or nonsense. */
const EXTENTS_MAX = 250_000;

/** Bitmaps and inode tables that lie outside the group they belong to. Those of neighbouring groups mostly touch and become one extent. */
export class ForeignMetadata {
  readonly #extents: { offsetBytes: number; lengthBytes: number }[] = [];
  readonly #lastOfKind = new Map<string, { offsetBytes: number; lengthBytes: number }>();

  /** True when the list became absurdly long; further extents are not kept. */
  overflowed = false;

  add(kind: 'block bitmap' | 'inode bitmap' | 'inode table', extent: Extent): void {
    const last = this.#lastOfKind.get(kind);
    if (last && last.offsetBytes + last.lengthBytes === extent.offsetBytes) {
      last.lengthBytes += extent.lengthBytes;
      return;
    }
    if (this.#extents.length >= EXTENTS_MAX) {
      this.overflowed = true;
      return;
    }
    const kept = { ...extent };
    this.#extents.push(kept);
    this.#lastOfKind.set(kind, kept);
  }

  extents(): readonly Extent[] {
    return this.#extents;
  }
}
