/** Parity is made over blocks of this many bytes: what a disk usually loses at once, and what O_DIRECT reads. */
export const PARITY_BLOCK_BYTES = 4096;

/** Strength of a code: how many shards a file is split into at most, and how many lost blocks of a column it repairs. */
export type ParityStrength = Readonly<{ dataShardsMax: number; parityShards: number }>;

/** 3.2 % more space for 2 MiB of a pack of 64 MiB, wherever they are lost. */
export const defaultParityStrength: ParityStrength = { dataShardsMax: 128, parityShards: 4 };

/**
 * How a file is laid out for its code. The file's blocks, the last one filled up with zeros, are split into `dataShards` contiguous shards of `shardBlocks`
 * blocks; blocks behind the end of the file count as zeros. Column c is block c of every shard, and has one parity block for each parity shard.
 */
export type ParityShape = Readonly<{ fileLengthBytes: number; blocks: number; dataShards: number; parityShards: number; shardBlocks: number; parityBlocks: number }>;

/** The shape for a file of `fileLengthBytes` > 0. A short file has fewer shards, never shorter blocks. */
export function parityShapeOf(fileLengthBytes: number, { dataShardsMax, parityShards }: ParityStrength = defaultParityStrength): ParityShape {
  const blocks = Math.ceil(fileLengthBytes / PARITY_BLOCK_BYTES);
  const shardBlocks = Math.ceil(blocks / dataShardsMax);
  return { fileLengthBytes, blocks, dataShards: Math.ceil(blocks / shardBlocks), parityShards, shardBlocks, parityBlocks: parityShards * shardBlocks };
}
