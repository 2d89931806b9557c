import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from '@lifeboat/codec';
import { factorOf, solveFor } from './cauchy-code.js';
import type { PackImage } from './pack-image.js';

/** What is known to be wrong: numbers of blocks and of parity blocks. `sums` are the blocks' checksums where they are known. */
export type LostBlocks = Readonly<{ blocks: ReadonlySet<number>; parityBlocks: ReadonlySet<number>; sumOf: (block: number) => number | undefined }>;

/** Blocks that hold again what was written, and blocks that stay lost because their column lost more than its parity can give back. */
export type RebuiltBlocks = Readonly<{ rebuilt: readonly number[]; lost: readonly number[] }>;

const columnsPerTurn = 16;

/**
 * Computes lost blocks of an image from the rest of their columns, in place. A rebuilt block counts only when its checksum agrees.
 * The parity blocks of the columns concerned are used up.
 */
export async function rebuildBlocks(image: PackImage, wrong: LostBlocks): Promise<RebuiltBlocks> {
  const rebuilt: number[] = [];
  const lost: number[] = [];
  let worked = 0;
  for (const [column, shards] of byColumn(image, wrong.blocks)) {
    const blocks = shards.map((shard) => shard * image.shape.shardBlocks + column);
    const sound = rebuildColumn(image, { column, shards }, wrong) ? blocks.filter((block) => holds(image, block, wrong)) : [];
    rebuilt.push(...sound);
    lost.push(...blocks.filter((block) => !sound.includes(block)));
    worked += 1;
    if (worked % columnsPerTurn === 0) await nextTurn();
  }
  return { rebuilt: rebuilt.sort(ascending), lost: lost.sort(ascending) };
}

const ascending = (left: number, right: number): number => left - right;

function holds(image: PackImage, block: number, { sumOf }: LostBlocks): boolean {
  const sum = sumOf(block);
  return sum === undefined || crc32(image.block(block)) === sum;
}

/** The shards that lost their block, for each column that lost any. */
function byColumn(image: PackImage, blocks: ReadonlySet<number>): Map<number, number[]> {
  const columns = new Map<number, number[]>();
  for (const block of blocks) {
    const column = block % image.shape.shardBlocks;
    const shards = columns.get(column) ?? [];
    shards.push(Math.floor(block / image.shape.shardBlocks));
    columns.set(column, shards);
  }
  return columns;
}

function rebuildColumn(image: PackImage, { column, shards: lostShards }: Readonly<{ column: number; shards: readonly number[] }>, wrong: LostBlocks): boolean {
  const { blocks, dataShards, parityShards, shardBlocks } = image.shape;
  const usable = Array.from({ length: parityShards }, (_, shard) => shard).filter((shard) => !wrong.parityBlocks.has(shard * shardBlocks + column));
  const used = usable.slice(0, lostShards.length);
  if (used.length < lostShards.length) return false;
  for (let dataShard = 0; dataShard < dataShards; dataShard += 1) {
    const block = dataShard * shardBlocks + column;
    if (block >= blocks || lostShards.includes(dataShard)) continue;
    // What is left of a parity block without the blocks that are there is the sum of those that are not.
    for (const shard of used) image.addToParity(shard * shardBlocks + column, block, { count: 1, factor: factorOf(shard, dataShard) });
  }
  const solution = solveFor(lostShards, used);
  lostShards.forEach((lostShard, row) => {
    const block = lostShard * shardBlocks + column;
    image.block(block).fill(0);
    used.forEach((shard, index) => {
      image.addToBlock(block, shard * shardBlocks + column, solution[row]?.[index] ?? 0);
    });
  });
  return true;
}
