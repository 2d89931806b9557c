import { mkdir, open as openFile, readdir, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bytesToHex, hexToBytes, GIB, type Digest, type PackId } from '@lifeboat/model';
import { open, type Database, type RootDatabase } from 'lmdb';
import { SerialQueue } from '../concurrency/serial-queue.js';
import { StoreFull, StoreUnusable } from '../errors.js';
import { errnoOf } from '../fs/errno.js';
import type { ChunkIndex, ChunkPlace, IndexBatch, IndexedPack } from './chunk-index.js';
import { decodePlace, encodePlace } from './chunk-place-codec.js';

/** Changes when keys or values change; an index of another version is made anew. */
const layoutVersion = 1;
/** Address space, not memory or disk; LMDB grows it when needed. */
const mapBytes = 64 * GIB;
/** Entries read before the event loop gets a turn: about 10 ms. */
const entriesPerTurn = 10_000;
const openingMarker = 'opening';
/** Both meta pages of a data file hold this, behind a page header of 24 bytes; page size fixed below. Source: lmdb-js, mdb.c, MDB_meta. */
const metaMagic = 0xbeefc0de;
const metaMagicOffset = 24;
const pageBytes = 4096;
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
  if (!(await mayOpen(directory))) await rm(directory, { recursive: true, force: true });
  const existing = await tryOpen(directory);
  if (existing) return existing;
  await rm(directory, { recursive: true, force: true });
  const fresh = await tryOpen(directory);
  if (!fresh) throw new StoreUnusable({ path: directory, reason: 'the chunk index cannot be made' });
  return fresh;
}

/** The marker is there while LMDB opens its files: a rotten file can end the process, and must not end it a second time. */
async function tryOpen(directory: string): Promise<LmdbChunkIndex | undefined> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const marker = join(directory, openingMarker);
  await writeFile(marker, '');
  const index = openNow(directory);
  await rm(marker);
  return index;
}

function openNow(directory: string): LmdbChunkIndex | undefined {
  try {
    const root = open<Buffer, Buffer>({ path: directory, noSubdir: false, maxDbs: 4, mapSize: mapBytes, pageSize: pageBytes, encoding: 'binary', keyEncoding: 'binary', cache: false, eventTurnBatching: false });
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

/** LMDB trusts its file blindly, so what is plainly not a data file of its kind is kept from it. */
async function mayOpen(directory: string): Promise<boolean> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true;
    throw error;
  }
  if (names.includes(openingMarker)) return false;
  if (!names.includes('data.mdb')) return true;
  const file = await openFile(join(directory, 'data.mdb'), 'r');
  try {
    const head = Buffer.alloc(2 * pageBytes);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return bytesRead === head.length && [0, pageBytes].every((page) => head.readUInt32LE(page + metaMagicOffset) === metaMagic);
  } finally {
    await file.close();
  }
}

class LmdbChunkIndex implements ChunkIndex {
  private readonly chunks: Database<Buffer, Buffer>;
  private readonly packTable: Database<Buffer, Buffer>;
  private counted: Totals;
  private readonly changes = new SerialQueue();

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

  write(batch: IndexBatch): Promise<void> {
    return this.put(batch, 'first');
  }

  replace(batch: IndexBatch): Promise<void> {
    return this.put(batch, 'last');
  }

  removePack(packId: PackId, digests: Iterable<Digest>): Promise<void> {
    return this.change((totals) => {
      for (const digest of digests) {
        const key = Buffer.from(digest, 'hex');
        const value = this.chunks.getBinaryFast(key);
        const place = value && decodePlace(key, value);
        if (place?.packId !== packId) continue;
        this.chunks.removeSync(key);
        totals.chunks -= 1;
        totals.plainBytes -= place.lengthBytes;
      }
      this.packTable.removeSync(Buffer.from(hexToBytes(packId)));
    });
  }

  async *placesIn(packId: PackId): AsyncGenerator<readonly [Digest, ChunkPlace]> {
    let start: Buffer | undefined;
    for (;;) {
      const found: (readonly [Digest, ChunkPlace])[] = [];
      let read = 0;
      for (const { key, value } of this.chunks.getRange({ ...(start ? { start, exclusiveStart: true } : {}), limit: entriesPerTurn })) {
        const place = decodePlace(key, value);
        if (place?.packId === packId) found.push([bytesToHex(key) as Digest, place]);
        start = Buffer.from(key);
        read += 1;
      }
      yield* found;
      if (read < entriesPerTurn) return;
      await nextTurn();
    }
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

  clear(): Promise<void> {
    return this.change((totals) => {
      this.chunks.clearSync();
      this.packTable.clearSync();
      totals.chunks = 0;
      totals.plainBytes = 0;
    });
  }

  close(): Promise<void> {
    return this.changes.run(() => this.root.close());
  }

  private put(batch: IndexBatch, winner: 'first' | 'last'): Promise<void> {
    return this.change((totals) => {
      for (const [digest, place] of batch.places) {
        const key = Buffer.from(digest, 'hex');
        const value = this.chunks.getBinaryFast(key);
        const previous = value && decodePlace(key, value);
        if (previous && winner === 'first') continue;
        this.chunks.putSync(key, encodePlace(key, place));
        totals.chunks += previous ? 0 : 1;
        totals.plainBytes += place.lengthBytes - (previous?.lengthBytes ?? 0);
      }
      for (const pack of batch.packs) this.packTable.putSync(Buffer.from(hexToBytes(pack.packId)), encodePack(pack));
    });
  }

  /**
   * One transaction after the other, because each goes on from the totals of the one before. Synchronous, because an asynchronous one that finds the disk full rejects
   * promises nobody holds, and then never closes; only the sync of the file, 1 ms, would have run beside.
   */
  private change(apply: (totals: Totals) => void): Promise<void> {
    return this.changes.run(() => {
      const totals = { ...this.counted };
      try {
        this.root.transactionSync(() => {
          apply(totals);
          this.meta.putSync(totalsKey, encodeTotals(totals));
        });
      } catch (error) {
        throw isNoSpaceOfLmdb(error) ? new StoreFull(error) : error;
      }
      this.counted = totals;
      return Promise.resolve();
    });
  }
}

/** LMDB words system errors as numbers. */
function isNoSpaceOfLmdb(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && (error.code === constants.errno.ENOSPC || error.code === constants.errno.EDQUOT);
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
