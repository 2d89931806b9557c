import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from '@lifeboat/codec';
import { factorOf } from './cauchy-code.js';
import type { PackImage } from './pack-image.js';
import { PARITY_BLOCK_BYTES } from './parity-shape.js';

/** Columns worked on together: their parity stays in the processor's cache. */
const columnsAtOnce = 8;
/** Bytes multiplied, or blocks summed, before the event loop gets a turn; each about 5 ms. */
const bytesPerTurn = 16 * 1024 * 1024;
const blocksPerTurn = 4096;

/** Fills the parity blocks of an image, which are zeros, from its blocks. Cost: about 0.1 s for 64 MiB; the event loop waits 10 ms at most. */
export async function encodeParity(image: PackImage): Promise<void> {
  const { blocks, dataShards, parityShards, shardBlocks } = image.shape;
  let worked = 0;
  for (let column = 0; column < shardBlocks; column += columnsAtOnce) {
    for (let dataShard = 0; dataShard < dataShards; dataShard += 1) {
      const block = dataShard * shardBlocks + column;
      const count = Math.min(columnsAtOnce, shardBlocks - column, blocks - block);
      for (let parityShard = 0; count > 0 && parityShard < parityShards; parityShard += 1) {
        image.addToParity(parityShard * shardBlocks + column, block, { count, factor: factorOf(parityShard, dataShard) });
      }
      worked += Math.max(0, count) * parityShards * PARITY_BLOCK_BYTES;
      if (worked >= bytesPerTurn) {
        worked = 0;
        await nextTurn();
      }
    }
  }
}

/** CRC of every block of the file, then of every parity block. */
export async function checksumBlocks(image: PackImage): Promise<Uint32Array> {
  const { blocks, parityBlocks } = image.shape;
  const sums = new Uint32Array(blocks + parityBlocks);
  for (let index = 0; index < sums.length; index += 1) {
    sums[index] = crc32(index < blocks ? image.block(index) : image.parityBlock(index - blocks));
    if (index % blocksPerTurn === blocksPerTurn - 1) await nextTurn();
  }
  return sums;
}
