import { MemoryChunkIndex, type ChunkIndex } from '@lifeboat/store';

type Change = (index: MemoryChunkIndex) => Promise<void>;

/** A chunk index whose changes are kept, so that a power cut can take back the last of them. */
export class RecordedIndex {
  private constructor(
    private readonly changes: Change[],
    private readonly index: MemoryChunkIndex,
  ) {}

  static empty(): RecordedIndex {
    return new RecordedIndex([], new MemoryChunkIndex());
  }

  /** How many changes there were. */
  get length(): number {
    return this.changes.length;
  }

  /** As it was after the first `count` changes. */
  async after(count: number): Promise<RecordedIndex> {
    const earlier = new RecordedIndex(this.changes.slice(0, count), new MemoryChunkIndex());
    for (const change of earlier.changes) await change(earlier.index);
    return earlier;
  }

  /** The index for a store; closing it changes nothing. */
  get port(): ChunkIndex {
    const { index } = this;
    const record = (change: Change): Promise<void> => {
      this.changes.push(change);
      return change(index);
    };
    return {
      find: (digest) => index.find(digest),
      has: (digest) => index.has(digest),
      packs: () => index.packs(),
      placesIn: (packId) => index.placesIn(packId),
      totals: () => index.totals(),
      close: () => Promise.resolve(),
      write: (batch) => record((target) => target.write(batch)),
      replace: (batch) => record((target) => target.replace(batch)),
      removePack: (packId, digests) => {
        const removed = [...digests];
        return record((target) => target.removePack(packId, removed));
      },
      clear: () => record((target) => target.clear()),
    };
  }
}
