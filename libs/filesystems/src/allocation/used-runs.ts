import type { Extent } from '@lifeboat/model';

/** Runs kept in memory: 4 MiB here and some 15 MiB when they are handed over. */
const RUNS_MAX = 250_000;

/**
 * Collects runs of used blocks in ascending order within bounded memory. When there are too many, gaps shorter than a growing limit are
 * counted as used; a chunk of 64 KiB would have bridged most of them anyway.
 */
export class UsedRuns {
  #starts = new Float64Array(1024);
  #ends = new Float64Array(1024);
  #count = 0;
  #bridgedBelow = 1;
  /** Free blocks that count as used because the list would have become too long. */
  bridgedBlocks = 0;

  /** @param runsMax at least 2. */
  constructor(private readonly runsMax = RUNS_MAX) {}

  /** Adds [start, start + count). Must not begin before the run added last; may overlap it. */
  add(start: number, count: number): void {
    const end = start + count;
    const lastEnd = this.#count === 0 ? Number.NEGATIVE_INFINITY : (this.#ends[this.#count - 1] ?? 0);
    if (start - lastEnd < this.#bridgedBelow) {
      this.bridgedBlocks += Math.max(0, start - lastEnd);
      this.#ends[this.#count - 1] = Math.max(lastEnd, end);
      return;
    }
    if (this.#count === this.runsMax) {
      this.#coarsenAndAdd(start, count);
      return;
    }
    if (this.#count === this.#starts.length) this.#grow();
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#count += 1;
  }

  /** The runs as extents of bytes: sorted, merged. */
  toExtents(blockBytes: number): Extent[] {
    const extents: Extent[] = [];
    for (let at = 0; at < this.#count; at += 1) {
      const start = this.#starts[at] ?? 0;
      extents.push({ offsetBytes: start * blockBytes, lengthBytes: ((this.#ends[at] ?? 0) - start) * blockBytes });
    }
    return extents;
  }

  #grow(): void {
    const size = Math.min(this.runsMax, this.#starts.length * 2);
    const [starts, ends] = [new Float64Array(size), new Float64Array(size)];
    starts.set(this.#starts);
    ends.set(this.#ends);
    [this.#starts, this.#ends] = [starts, ends];
  }

  #coarsenAndAdd(start: number, count: number): void {
    const [starts, ends] = [this.#starts, this.#ends];
    // Until at least half of the room is free again, so that the next pass is far away.
    while (this.#count > this.runsMax / 2) {
      this.#bridgedBelow *= 2;
      const before = this.#count;
      this.#count = 0;
      for (let at = 0; at < before; at += 1) this.add(starts[at] ?? 0, (ends[at] ?? 0) - (starts[at] ?? 0));
    }
    this.add(start, count);
  }
}
