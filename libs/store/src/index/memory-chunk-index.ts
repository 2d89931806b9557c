import type { Digest, PackId } from '@lifeboat/model';
import type { ChunkIndex, ChunkPlace, IndexBatch, IndexedPack } from './chunk-index.js';

/** A chunk index in memory, for tests and for stores small enough; about 300 bytes a chunk. */
export class MemoryChunkIndex implements ChunkIndex {
  private readonly places = new Map<Digest, ChunkPlace>();
  private readonly known = new Map<PackId, IndexedPack>();
  private plainBytes = 0;

  find(digest: Digest): ChunkPlace | undefined {
    return this.places.get(digest);
  }

  has(digest: Digest): boolean {
    return this.places.has(digest);
  }

  write(batch: IndexBatch): Promise<void> {
    for (const [digest, place] of batch.places) {
      if (this.places.has(digest)) continue;
      this.places.set(digest, place);
      this.plainBytes += place.lengthBytes;
    }
    for (const pack of batch.packs) this.known.set(pack.packId, pack);
    return Promise.resolve();
  }

  replace(batch: IndexBatch): Promise<void> {
    for (const digest of batch.places.keys()) this.forget(digest);
    return this.write(batch);
  }

  removePack(packId: PackId, digests: Iterable<Digest>): Promise<void> {
    for (const digest of digests) if (this.places.get(digest)?.packId === packId) this.forget(digest);
    this.known.delete(packId);
    return Promise.resolve();
  }

  async *placesIn(packId: PackId): AsyncGenerator<readonly [Digest, ChunkPlace]> {
    for (const entry of this.places) if (entry[1].packId === packId) yield await Promise.resolve(entry);
  }

  packs(): IndexedPack[] {
    return [...this.known.values()];
  }

  totals(): Readonly<{ chunks: number; plainBytes: number }> {
    return { chunks: this.places.size, plainBytes: this.plainBytes };
  }

  clear(): Promise<void> {
    this.places.clear();
    this.known.clear();
    this.plainBytes = 0;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private forget(digest: Digest): void {
    this.plainBytes -= this.places.get(digest)?.lengthBytes ?? 0;
    this.places.delete(digest);
  }
}
