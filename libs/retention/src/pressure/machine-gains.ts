import type { RetentionMachine } from '../state/retention-state.js';

/** Neighbours that are still there, as indexes into the machine's points; -1 and the number of points are none. */
type Neighbours = Readonly<{ before: number; after: number }>;

/**
 * Counts what a machine's points free as they go, one after the other.
 *
 * A run of chunks is freed with the last of its points. While points a and b stay and everything between them is gone, the runs freed by one more point p between a and b are exactly those that
 * begin after a, end before b and contain p. So a question costs the points gone since a and the runs it answers with, never the whole machine.
 */
export class MachineGains {
  readonly #count: number;
  readonly #before: Int32Array;
  readonly #after: Int32Array;
  readonly #gone: Uint8Array;
  /** Runs sorted by first and then last index; those that begin at index i are #runStart[i] to #runStart[i + 1]. */
  readonly #runStart: Int32Array;
  readonly #runLast: Int32Array;
  readonly #runBytes: Float64Array;
  /** Without runs: what each point frees alone. */
  readonly #alone: Float64Array | null;
  #usedBytes: number;

  constructor(machine: RetentionMachine) {
    const { points, exclusive } = machine;
    this.#count = points.length;
    this.#before = new Int32Array(points.length);
    this.#after = new Int32Array(points.length);
    for (let index = 0; index < points.length; index += 1) {
      this.#before[index] = index - 1;
      this.#after[index] = index + 1;
    }
    this.#gone = new Uint8Array(points.length);
    this.#alone = exclusive === null ? Float64Array.from(points, (point) => point.sizes.uniqueBytes) : null;
    const runs = exclusive === null ? [] : runsByIndex(machine, exclusive);
    this.#runStart = new Int32Array(points.length + 1);
    for (const run of runs) this.#runStart[run.first + 1] = (this.#runStart[run.first + 1] ?? 0) + 1;
    for (let index = 0; index < points.length; index += 1) this.#runStart[index + 1] = (this.#runStart[index + 1] ?? 0) + (this.#runStart[index] ?? 0);
    this.#runLast = new Int32Array(runs.length);
    this.#runBytes = new Float64Array(runs.length);
    runs.forEach((run, at) => {
      this.#runLast[at] = run.last;
      this.#runBytes[at] = run.bytes;
    });
    this.#usedBytes = exclusive === null ? points.reduce((sum, point) => sum + point.storedBytes, 0) : runs.reduce((sum, run) => sum + run.bytes, 0);
  }

  /** Bytes that are this machine's alone and still there; without runs, what its points added to the store, less what was freed. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  isGone(index: number): boolean {
    return this.#gone[index] === 1;
  }

  /** The nearest points that are still there around `index`, itself gone or not. */
  neighboursOf(index: number): Neighbours {
    if (this.#gone[index] !== 1) return { before: this.#before[index] ?? -1, after: this.#after[index] ?? this.#count };
    // Links of a point that is gone are as old as its going, and others may have come back since.
    let before = index - 1;
    while (before >= 0 && this.#gone[before] === 1) before -= 1;
    let after = index + 1;
    while (after < this.#count && this.#gone[after] === 1) after += 1;
    return { before, after };
  }

  /** Bytes freed by the point at `index` going after those that are gone; for one that is gone, bytes that coming back would cost. */
  gainOf(index: number): number {
    if (this.#alone !== null) return this.#alone[index] ?? 0;
    const { before, after } = this.neighboursOf(index);
    let bytes = 0;
    for (let first = before + 1; first <= index; first += 1) {
      const end = this.#runStart[first + 1] ?? 0;
      for (let run = this.#firstRunEndingAt(first, index); run < end && (this.#runLast[run] ?? after) < after; run += 1) bytes += this.#runBytes[run] ?? 0;
    }
    return bytes;
  }

  /** Lets the point at `index` go and returns the bytes that this frees. */
  remove(index: number): number {
    const bytes = this.gainOf(index);
    const { before, after } = this.neighboursOf(index);
    this.#gone[index] = 1;
    if (before >= 0) this.#after[before] = after;
    if (after < this.#count) this.#before[after] = before;
    this.#usedBytes = Math.max(0, this.#usedBytes - bytes);
    return bytes;
  }

  /** Lets a point that is gone come back and returns the bytes that this costs. */
  putBack(index: number): number {
    const bytes = this.gainOf(index);
    const { before, after } = this.neighboursOf(index);
    this.#gone[index] = 0;
    this.#before[index] = before;
    this.#after[index] = after;
    if (before >= 0) this.#after[before] = index;
    if (after < this.#count) this.#before[after] = index;
    this.#usedBytes += bytes;
    return bytes;
  }

  /** The first run that begins at index `first` and ends at `last` or later. */
  #firstRunEndingAt(first: number, last: number): number {
    let low = this.#runStart[first] ?? 0;
    let high = this.#runStart[first + 1] ?? 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#runLast[middle] ?? 0) < last) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

type IndexedRun = Readonly<{ first: number; last: number; bytes: number }>;

/** Runs by the indexes of the points that are still there. A run of which no point is left is garbage already and nobody's gain. */
function runsByIndex(machine: RetentionMachine, exclusive: NonNullable<RetentionMachine['exclusive']>): IndexedRun[] {
  const seqs = machine.points.map((point) => point.seq);
  const runs: IndexedRun[] = [];
  for (const { firstSeq, lastSeq, bytes } of exclusive) {
    const first = firstAtLeast(seqs, firstSeq);
    const last = firstAtLeast(seqs, lastSeq + 1) - 1;
    if (first <= last) runs.push({ first, last, bytes });
  }
  return runs.sort((a, b) => a.first - b.first || a.last - b.last);
}

function firstAtLeast(seqs: readonly number[], seq: number): number {
  let low = 0;
  let high = seqs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((seqs[middle] ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
