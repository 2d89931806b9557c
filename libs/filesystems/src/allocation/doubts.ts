import { type Extent, type Warning, endOf, mergeExtents, totalBytes } from '@lifeboat/model';

const UNITS_IN_MESSAGE_MAX = 10;
const EXTENTS_MAX = 100_000;

/** Units (block groups, allocation groups, chunks) whose structures could not be trusted and that were therefore taken whole, by what is wrong with them. */
export class Doubts {
  readonly #unitsByProblem = new Map<string, { first: number[]; count: number }>();
  readonly #extents: Extent[] = [];

  /** @param unit what is counted, in the singular, e.g. `block group`. */
  constructor(private readonly unit: string) {}

  /** Notes a unit and the bytes counted as used because of it. */
  add(unit: number, problem: string, extent: Extent): void {
    const seen = this.#unitsByProblem.get(problem) ?? { first: [], count: 0 };
    if (seen.first.length < UNITS_IN_MESSAGE_MAX) seen.first.push(unit);
    seen.count += 1;
    this.#unitsByProblem.set(problem, seen);
    const last = this.#extents.at(-1);
    const touches = last && extent.offsetBytes >= last.offsetBytes && extent.offsetBytes <= endOf(last);
    // Neighbours come in order, so that a wholly damaged table costs one extent; beyond the limit the gap between is taken as well.
    if (last && (touches || this.#extents.length >= EXTENTS_MAX)) {
      const offsetBytes = Math.min(last.offsetBytes, extent.offsetBytes);
      this.#extents[this.#extents.length - 1] = { offsetBytes, lengthBytes: Math.max(endOf(last), endOf(extent)) - offsetBytes };
    } else {
      this.#extents.push(extent);
    }
  }

  /** All bytes noted: sorted, merged. */
  extents(): Extent[] {
    return mergeExtents(this.#extents);
  }

  totalBytes(): number {
    return totalBytes(this.extents());
  }

  warnings(): Warning[] {
    return [...this.#unitsByProblem].map(([problem, { first, count }]) => ({
      code: 'FS_GROUP_DAMAGED',
      message: `${problem} in ${String(count)} ${this.unit}(s), e.g. ${first.join(', ')}: kept whole`,
    }));
  }
}
