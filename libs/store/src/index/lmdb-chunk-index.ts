import { rm } from 'node:fs/promises';
import { bytesToHex, hexToBytes, GIB, type Digest, type PackId } from '@lifeboat/model';
import { open, type Database, type RootDatabase } from 'lmdb';
import { StoreUnusable } from '../errors.js';
import type { ChunkIndex, ChunkPlace, IndexBatch, IndexedPack } from './chunk-index.js';
import { decodePlace, encodePlace } from './chunk-place-codec.js';

/** Changes when keys or values change; an index of another version is made anew. */
const layoutVersion = 1;
/** Address space, not memory or disk; LMDB grows it when needed. */
const mapBytes = 64 * GIB;
const totalsKey = Buffer.from('totals');
const versionKey = Buffer.from('version');

interface Totals {
  chunks: number;
  plainBytes: number;
}

/**
 * Opens the index in `directory`, which it makes. An index that cannot be opened or has another layout is removed and begun anew: it is derived.
 * @throws StoreUnusable (STORE_UNUSABLE) when a new one cannot be made either.
 */
export async function openLmdbChunkIndex(directory: string): Promise<ChunkIndex> {
  const existing = tryOpen(directory);
  if (existing) return existing;
  await rm(directory, { recursive: true, force: true });
  const fresh = tryOpen(directory);
  if (!fresh) throw new StoreUnusable({ path: directory, reason: 'the chunk index cannot be made' });
  return fresh;
}

function tryOpen(directory: string): LmdbChunkIndex | undefined {
  try {
    const root = open<Buffer, Buffer>({ path: directory, noSubdir: false, maxDbs: 4, mapSize: mapBytes, encoding: 'binary', keyEncoding: 'binary', cache: false });
    const meta = root.openDB<Buffer, Buffer>({ name: 'meta', encoding: 'binary', keyEncoding: 'binary', cache: false });
    const version = meta.get(versionKey);
    if (version === undefined) meta.putSync(versionKey, Buffer.from([layoutVersion]));
    else if (version[0] !== layoutVersion) {
      void root.close();
      return undefined;
    }
    return new LmdbChunkIndex(root, meta);
  } catch {
    // Any reason leads to the same answer: the caller removes the directory and the store fills a new index from the packs.
    return undefined;
  }
}

class LmdbChunkIndex implements ChunkIndex {
  private readonly chunks: Database<Buffer, Buffer>;
  private readonly packTable: Database<Buffer, Buffer>;
  private counted: Totals;

  constructor(
    private readonly root: RootDatabase<Buffer, Buffer>,
    private readonly meta: Database<Buffer, Buffer>,
  ) {
    this.chunks = root.openDB({ name: 'chunks', encoding: 'binary', keyEncoding: 'binary', cache: false });
    this.packTable = root.openDB({ name: 'packs', encoding: 'binary', keyEncoding: 'binary', cache: false });
    this.counted = decodeTotals(meta.get(totalsKey));
  }

  find(digest: Digest): ChunkPlace | undefined {
    const key = Buffer.from(digest, 'hex');
    const value = this.chunks.getBinaryFast(key);
    return value ? decodePlace(key, value) : undefined;
  }

  has(digest: Digest): boolean {
    return this.find(digest) !== undefined;
  }

  async write(batch: IndexBatch): Promise<void> {
    const totals = { ...this.counted };
    await this.root.transaction(() => {
      for (const [digest, place] of batch.places) {
        const key = Buffer.from(digest, 'hex');
        const previous = this.chunks.getBinaryFast(key);
        if (previous && decodePlace(key, previous)) continue;
        this.chunks.putSync(key, encodePlace(key, place));
        totals.chunks += 1;
        totals.plainBytes += place.lengthBytes;
      }
      for (const pack of batch.packs) this.packTable.putSync(Buffer.from(hexToBytes(pack.packId)), encodePack(pack));
      this.meta.putSync(totalsKey, encodeTotals(totals));
    });
    this.counted = totals;
  }

  packs(): IndexedPack[] {
    const known: IndexedPack[] = [];
    for (const { key, value } of this.packTable.getRange()) {
      known.push({ packId: bytesToHex(key) as PackId, sealed: value[0] === 1, indexedBytes: value.readUIntLE(1, 6) });
    }
    return known;
  }

  totals(): Readonly<Totals> {
    return this.counted;
  }

  async clear(): Promise<void> {
    await this.chunks.clearAsync();
    await this.packTable.clearAsync();
    await this.meta.put(totalsKey, encodeTotals({ chunks: 0, plainBytes: 0 }));
    this.counted = { chunks: 0, plainBytes: 0 };
  }

  async close(): Promise<void> {
    await this.root.close();
  }
}

function encodePack(pack: IndexedPack): Buffer {
  const bytes = Buffer.alloc(7);
  bytes[0] = pack.sealed ? 1 : 0;
  bytes.writeUIntLE(pack.indexedBytes, 1, 6);
  return bytes;
}

function encodeTotals(totals: Totals): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUIntLE(totals.chunks, 0, 6);
  bytes.writeUIntLE(totals.plainBytes, 6, 6);
  return bytes;
}

function decodeTotals(bytes: Buffer | undefined): Totals {
  return bytes?.length === 12 ? { chunks: bytes.readUIntLE(0, 6), plainBytes: bytes.readUIntLE(6, 6) } : { chunks: 0, plainBytes: 0 };
}
