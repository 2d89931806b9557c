import type { Digest } from '@lifeboat/model';

/** What is remembered of one chunk or page: the run of points of one machine that names it, by their index, and whether another machine names it too. */
export type TableEntry = Readonly<{ machine: number; first: number; last: number; lengthBytes: number; shared: boolean }>;

const slotsMin = 1024;
const loadMax = 0.7;
const sharedBit = 0x8000_0000;

/**
 * Digests with 24 bytes each, in typed arrays: millions of them must not become millions of objects. A digest is known by its first 64 bits; two that meet there
 * are counted as one, which for a billion chunks happens less than once in thirty tables, and a statistic may be that wrong.
 */
export class UsageTable {
  private slots = slotsMin;
  private used = 0;
  private columns = newColumns(slotsMin);

  /** Notes that points `first` to `last` of `machine` name the digest. Machines come one after the other. @returns true when this machine had not named it before. */
  add(digest: Digest, { machine, first, last, lengthBytes }: Omit<TableEntry, 'shared'>): boolean {
    if (this.used >= this.slots * loadMax) this.grow();
    const [high, low] = keyOf(digest);
    const slot = this.slotOf(high, low);
    const { highs, lows, machines, firsts, lasts, lengths } = this.columns;
    if (lengths[slot] === 0) {
      this.used += 1;
      highs[slot] = high;
      lows[slot] = low;
      [machines[slot], firsts[slot], lasts[slot], lengths[slot]] = [machine, first, last, lengthBytes];
      return true;
    }
    const before = machines[slot] ?? 0;
    if ((before & ~sharedBit) >>> 0 === machine) {
      firsts[slot] = Math.min(firsts[slot] ?? first, first);
      lasts[slot] = Math.max(lasts[slot] ?? last, last);
      return false;
    }
    machines[slot] = (machine | sharedBit) >>> 0;
    return true;
  }

  /** Everything that was noted, in no particular order. `machine` of a shared one is the last that named it. */
  *entries(): Generator<TableEntry> {
    const { machines, firsts, lasts, lengths } = this.columns;
    for (let slot = 0; slot < this.slots; slot += 1) {
      const lengthBytes = lengths[slot] ?? 0;
      const machine = machines[slot] ?? 0;
      if (lengthBytes > 0) yield { machine: (machine & ~sharedBit) >>> 0, first: firsts[slot] ?? 0, last: lasts[slot] ?? 0, lengthBytes, shared: machine >= sharedBit };
    }
  }

  /** The key's slot, or the free one where it belongs. */
  private slotOf(high: number, low: number): number {
    const { highs, lows, lengths } = this.columns;
    let slot = low & (this.slots - 1);
    while (lengths[slot] !== 0 && (highs[slot] !== high || lows[slot] !== low)) slot = (slot + 1) & (this.slots - 1);
    return slot;
  }

  private grow(): void {
    const before = this.columns;
    this.slots *= 2;
    this.columns = newColumns(this.slots);
    for (let from = 0; from < before.lengths.length; from += 1) {
      if (before.lengths[from] === 0) continue;
      const to = this.slotOf(before.highs[from] ?? 0, before.lows[from] ?? 0);
      for (const name of columnNames) this.columns[name][to] = before[name][from] ?? 0;
    }
  }
}

const columnNames = ['highs', 'lows', 'machines', 'firsts', 'lasts', 'lengths'] as const;
type Columns = Readonly<Record<(typeof columnNames)[number], Uint32Array>>;

function newColumns(slots: number): Columns {
  return { highs: new Uint32Array(slots), lows: new Uint32Array(slots), machines: new Uint32Array(slots), firsts: new Uint32Array(slots), lasts: new Uint32Array(slots), lengths: new Uint32Array(slots) };
}

/** The first 64 bits of a digest as two numbers. */
export function keyOf(digest: Digest): readonly [high: number, low: number] {
  return [Number.parseInt(digest.slice(0, 8), 16), Number.parseInt(digest.slice(8, 16), 16)];
}
