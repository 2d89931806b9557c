const PAGE_BITS = 1 << 15;

/** A set of inode numbers that takes one bit for each in the neighbourhood of a member. */
export class InodeSet {
  readonly #pages = new Map<number, Uint8Array>();

  /** Adds `inode`; false when it was there already. */
  add(inode: number): boolean {
    const index = Math.floor(inode / PAGE_BITS);
    const page = this.#pages.get(index) ?? new Uint8Array(PAGE_BITS / 8);
    this.#pages.set(index, page);
    const bit = inode % PAGE_BITS;
    const before = page[bit >> 3] ?? 0;
    page[bit >> 3] = before | (1 << bit % 8);
    return (before & (1 << bit % 8)) === 0;
  }

  has(inode: number): boolean {
    const bit = inode % PAGE_BITS;
    return (((this.#pages.get(Math.floor(inode / PAGE_BITS))?.[bit >> 3] ?? 0) >> bit % 8) & 1) === 1;
  }
}
