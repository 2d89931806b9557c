import type { Digest } from '@lifeboat/model';
import type { ChunkIndex, ChunkPlace, IndexBatch, IndexedPack } from './chunk-index.js';

/**
 * Carries durable places into the index in the background, one batch at a time, so that no acknowledgement waits for the index.
 * Until the index has them, they are found here. When the index cannot be written they stay here and are tried with the next group: the index is derived, the
 * next start puts right what is missing.
 */
export class IndexWriter {
  /** Places of the group that is being made durable. */
  private taken = new Map<Digest, ChunkPlace>();
  /** Durable places that wait for the index. */
  private waiting = new Map<Digest, ChunkPlace>();
  private waitingPacks: IndexedPack[] = [];
  /** The batch that is being written. */
  private writing: IndexBatch | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly index: ChunkIndex) {}

  find(digest: Digest): ChunkPlace | undefined {
    return this.taken.get(digest) ?? this.waiting.get(digest) ?? this.writing?.places.get(digest);
  }

  /** Chunks and plain bytes the index does not have yet. */
  totals(): Readonly<{ chunks: number; plainBytes: number }> {
    let plainBytes = 0;
    const maps = [this.taken, this.waiting, this.writing?.places ?? new Map<Digest, ChunkPlace>()];
    for (const map of maps) for (const place of map.values()) plainBytes += place.lengthBytes;
    return { chunks: maps.reduce((sum, map) => sum + map.size, 0), plainBytes };
  }

  /** Keeps findable what is about to become durable. The map is given away. */
  take(places: Map<Digest, ChunkPlace>): void {
    if (this.taken.size === 0) this.taken = places;
    else for (const [digest, place] of places) this.taken.set(digest, place);
  }

  /** What was taken is durable now: writes it with the new state of its packs, without waiting. */
  write(packs: readonly IndexedPack[]): void {
    if (this.waiting.size === 0) this.waiting = this.taken;
    else for (const [digest, place] of this.taken) this.waiting.set(digest, place);
    this.taken = new Map();
    this.waitingPacks.push(...packs);
    this.running = this.running.then(() => this.writeBatch());
  }

  /** Resolves when everything handed over so far has been written or has failed. */
  settle(): Promise<void> {
    return this.running;
  }

  private async writeBatch(): Promise<void> {
    if (this.waiting.size === 0 && this.waitingPacks.length === 0) return;
    const batch: IndexBatch = { places: this.waiting, packs: this.waitingPacks };
    this.writing = batch;
    this.waiting = new Map();
    this.waitingPacks = [];
    try {
      // The newest place wins: a digest is only written again when its old place serves no more.
      await this.index.replace(batch);
    } catch {
      // Nothing depends on the index being complete; losing an entry of this map would, so the batch goes back in front.
      this.waiting = new Map([...batch.places, ...this.waiting]);
      this.waitingPacks = [...batch.packs, ...this.waitingPacks];
    }
    this.writing = undefined;
  }
}
