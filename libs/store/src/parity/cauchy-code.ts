import { assertInvariant } from '@lifeboat/model';
import { invert, multiply } from './galois-field.js';

/** Shards of both kinds together; each needs an element of the field of its own. */
export const SHARDS_MAX = 256;

/**
 * The factor of data shard `dataShard` in parity shard `parityShard`: 1 / (x + y) with x = 255 - parityShard, y = dataShard. The factors are a Cauchy matrix,
 * of which every square part can be inverted, so that as many lost blocks can be solved as parity blocks are left.
 */
export function factorOf(parityShard: number, dataShard: number): number {
  return invert((SHARDS_MAX - 1 - parityShard) ^ dataShard);
}

/**
 * The matrix that turns the sums of lost blocks, as `parityShards` give them, into the blocks of `lostShards`. Both lists are equally long, without repeats.
 * Row i belongs to lost shard i. Gaussian elimination; the lists are a few entries long.
 */
export function solveFor(lostShards: readonly number[], parityShards: readonly number[]): number[][] {
  const size = lostShards.length;
  assertInvariant(size === parityShards.length, 'as many equations as unknowns');
  const rows = parityShards.map((parityShard, row) => [
    ...lostShards.map((lostShard) => factorOf(parityShard, lostShard)),
    ...Array.from({ length: size }, (_, column) => (column === row ? 1 : 0)),
  ]);
  for (let pivot = 0; pivot < size; pivot += 1) {
    const found = rows.findIndex((row, index) => index >= pivot && row[pivot] !== 0);
    const pivotRow = rows[found];
    assertInvariant(pivotRow !== undefined, 'every square part of a Cauchy matrix can be inverted');
    rows[found] = rows[pivot] ?? [];
    const scale = invert(pivotRow[pivot] ?? 0);
    const scaled = pivotRow.map((value) => multiply(value, scale));
    rows[pivot] = scaled;
    rows.forEach((row, index) => {
      const factor = row[pivot] ?? 0;
      if (index !== pivot && factor !== 0) rows[index] = row.map((value, column) => value ^ multiply(factor, scaled[column] ?? 0));
    });
  }
  return rows.map((row) => row.slice(size));
}
