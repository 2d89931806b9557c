import { MIB } from '@lifeboat/model';
import type { DataEntry } from '../source/volume-source.js';
import { ByteCache } from './byte-cache.js';
import { Gate } from './gate.js';
import type { ImageSource } from './image-source.js';

/** Chunks fetched with one call to the source, as its contract says. */
const fetchBytesMax = 4 * MIB;
const fetchesMax = 8;

/** A chunk with the number of its volume. */
export type VolumeChunk = Readonly<{ volume: number; chunk: DataEntry }>;

/** Fetches chunks: from memory where they are, once for all who want them at the same time, neighbours together. */
export class ChunkLoader {
  private readonly cache: ByteCache<Uint8Array>;
  private readonly loading = new Map<string, Promise<Uint8Array | null>>();
  private readonly gate = new Gate(fetchesMax);

  constructor(
    private readonly source: ImageSource,
    cacheBytes: number,
  ) {
    this.cache = new ByteCache(cacheBytes);
  }

  /** Bytes of chunks in memory. */
  get cachedBytes(): number {
    return this.cache.sizeBytes;
  }

  /** The bytes of each chunk in order, null for lost ones. They are shared: do not change them. */
  load(chunks: readonly VolumeChunk[]): Promise<(Uint8Array | null)[]> {
    const missing = new Map<string, VolumeChunk>();
    for (const wanted of chunks) {
      const { digest } = wanted.chunk;
      if (!this.cache.has(digest) && !this.loading.has(digest)) missing.set(digest, wanted);
    }
    for (const group of groupForFetch([...missing.values()])) this.fetch(group);
    return Promise.all(chunks.map(({ chunk }) => this.loading.get(chunk.digest) ?? Promise.resolve(this.cache.find(chunk.digest) ?? null)));
  }

  /** Forgets what is in memory. */
  clear(): void {
    this.cache.clear();
  }

  private fetch(group: readonly VolumeChunk[]): void {
    const chunks = group.map(({ chunk }) => chunk);
    const answer = this.gate.run(() => this.source.readChunks(group[0]?.volume ?? 0, chunks));
    chunks.forEach(({ digest }, index) => {
      const bytes = answer
        .then((answered) => this.keep(digest, answered[index] ?? null))
        .finally(() => { this.loading.delete(digest); });
      // A reader that shares this promise sees the rejection; without readers left nobody needs it.
      bytes.catch(ignore);
      this.loading.set(digest, bytes);
    });
  }

  private keep(digest: string, bytes: Uint8Array | null): Uint8Array | null {
    // Lost chunks are asked for again: they may have been repaired.
    if (!bytes) return null;
    // A view would keep the whole buffer it looks at in memory.
    const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
    this.cache.keep(digest, own, own.length);
    return own;
  }
}

/** Groups of neighbours of one volume that fit one call. */
function groupForFetch(missing: readonly VolumeChunk[]): VolumeChunk[][] {
  const sorted = [...missing].sort((left, right) => left.volume - right.volume || left.chunk.offsetBytes - right.chunk.offsetBytes);
  const groups: VolumeChunk[][] = [];
  let bytes = 0;
  for (const wanted of sorted) {
    const group = groups.at(-1);
    if (group?.[0]?.volume === wanted.volume && bytes + wanted.chunk.lengthBytes <= fetchBytesMax) group.push(wanted);
    else {
      groups.push([wanted]);
      bytes = 0;
    }
    bytes += wanted.chunk.lengthBytes;
  }
  return groups;
}

const ignore = (): void => undefined;
