import type { Random } from '@lifeboat/model';

/** Everything a simulated world decides by lot: the same seed gives the same answers. Not for secrets. */
export class Chance implements Random {
  private state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not begin alike.
    this.state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  }

  /** A number in [0, count). */
  below(count: number): number {
    return count <= 1 ? 0 : this.next() % count;
  }

  /** A number in [min, max]. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** True once in `count` times on average; never for 0. */
  oneIn(count: number): boolean {
    return count > 0 && this.below(count) === 0;
  }

  /** One of the values, of which there is at least one. */
  pick<T>(values: readonly [T, ...T[]]): T;
  pick<T>(values: readonly T[]): T | undefined;
  pick<T>(values: readonly T[]): T | undefined {
    return values[this.below(values.length)];
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.next() & 0xff);
  }

  /** Another source, so that one part of the world asking more often does not change what the others get. */
  fork(): Chance {
    return new Chance(this.next());
  }

  /** mulberry32: small, fast, and good enough to choose faults. */
  private next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
