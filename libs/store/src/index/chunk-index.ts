import type { Digest, PackId } from '@lifeboat/model';

/** Where a chunk or page lies: record at `recordOffset` of a pack, `entry` in that record's table, `lengthBytes` when expanded. */
export type ChunkPlace = Readonly<{ packId: PackId; recordOffset: number; entry: number; lengthBytes: number }>;

/**
 * How much of a pack the index holds. `sealed` packs never change again; of an open pack the records before `indexedBytes` are known.
 */
export type IndexedPack = Readonly<{ packId: PackId; sealed: boolean; indexedBytes: number }>;

/** Places to remember together with the packs' new state; one atomic write. */
export type IndexBatch = Readonly<{ places: ReadonlyMap<Digest, ChunkPlace>; packs: readonly IndexedPack[] }>;

/**
 * The derived map from digest to place. It may be deleted at any time; the store rebuilds it from the packs. Nothing safe depends on its being complete or durable,
 * only on its never naming a place that holds something else, which reading verifies anyway.
 */
export interface ChunkIndex {
  find(digest: Digest): ChunkPlace | undefined;
  has(digest: Digest): boolean;
  /** Writes a batch atomically; a digest that is present keeps its first place. */
  write(batch: IndexBatch): Promise<void>;
  /** As {@link write}, but each place of the batch wins over the one that is present: the caller knows that it is the newer or the better one. */
  replace(batch: IndexBatch): Promise<void>;
  /** Forgets a pack, and those of `digests` whose place is in it; one atomic write. A digest that has moved to another pack stays. */
  removePack(packId: PackId, digests: Iterable<Digest>): Promise<void>;
  /**
   * Every digest whose place is in a pack, in no particular order, for a pack that cannot name its content itself any more.
   * Cost: reads the whole index, with turns for others in between.
   */
  placesIn(packId: PackId): AsyncIterable<readonly [Digest, ChunkPlace]>;
  /** All packs the index knows, in no particular order. */
  packs(): IndexedPack[];
  /** Number of digests and the sum of their lengths in bytes. */
  totals(): Readonly<{ chunks: number; plainBytes: number }>;
  /** Forgets everything. */
  clear(): Promise<void>;
  close(): Promise<void>;
}
