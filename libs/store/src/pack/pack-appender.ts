import { compressChunk } from '@lifeboat/codec';
import { MIB, randomHex128, type Clock, type Digest, type PackId, type Random, type StoreId } from '@lifeboat/model';
import { SerialQueue } from '../concurrency/serial-queue.js';
import type { WriteFence } from '../concurrency/write-fence.js';
import type { StoreFs } from '../fs/store-fs.js';
import type { ChunkIndex, ChunkPlace, IndexedPack } from '../index/chunk-index.js';
import { IndexWriter } from '../index/index-writer.js';
import type { Wants } from '../repair/wants.js';
import type { Reserve } from '../reserve/reserve.js';
import type { ReceivedPage, ReceivedSegment } from '../store.js';
import { OpenPack } from './open-pack.js';
import { PACK_HEADER_BYTES, type PackKind } from './pack-header.js';
import type { PackInventory } from './pack-inventory.js';
import type { PackStates } from './pack-states.js';
import type { PackUses } from './pack-uses.js';
import type { RecordContent } from './segment-record.js';

/** Open packs: one for chunks, and two for pages, because each page is kept in two packs. */
type Lane = 'data' | 'meta' | 'twin';
const kindOf: Readonly<Record<Lane, PackKind>> = { data: 'data', meta: 'meta', twin: 'meta' };

/** A pack is sealed when its records reach this. */
export const packBytesTarget = 64 * MIB;

/** What packs are written with. */
export type AppenderPorts = Readonly<{
  fs: StoreFs; fence: WriteFence; index: ChunkIndex; clock: Clock; random: Random; storeId: StoreId; writerToken: number;
  packBytesTarget: number; states: PackStates; uses: PackUses; inventory: PackInventory; wants: Wants; reserve: Reserve;
  /** Last durable ledger record, noted in new packs. */
  lastSeq: () => number;
}>;

/**
 * Writes chunks into an open pack and each page into two others, one put after the other, and makes them durable in groups.
 *
 * Puts are serial so that "known" always means a record that is completely written; a group's flush then makes durable every record any of its
 * duplicates rely on.
 */
export class PackAppender {
  private readonly puts = new SerialQueue();
  private readonly flushes = new SerialQueue();
  private nextFlush: Promise<void> | undefined;
  private readonly current = new Map<Lane, OpenPack>();
  /** Pages in the packs that are open: only those have no footer by which the second copy could be found. */
  private readonly openPages: Readonly<Record<'meta' | 'twin', Map<Digest, ChunkPlace>>> = { meta: new Map(), twin: new Map() };
  private dirty = new Set<OpenPack>();
  private pending = new Map<Digest, ChunkPlace>();
  private readonly indexWriter: IndexWriter;
  /** Told of each pack when it is sealed and its name durable. */
  onSealed: (packId: PackId) => void = () => undefined;

  constructor(private readonly ports: AppenderPorts) {
    this.indexWriter = new IndexWriter(ports.index);
  }

  /** Where a digest is that new content may rely on, flushed or not: never in a condemned or quarantined pack. */
  find(digest: Digest): ChunkPlace | undefined {
    const place = this.locate(digest);
    return place && this.ports.states.isLive(place.packId) ? place : undefined;
  }

  /** Where a digest can be read, flushed or not: also in a pack that is condemned, never where it is known to be unreadable. */
  locate(digest: Digest): ChunkPlace | undefined {
    const place = this.pending.get(digest) ?? this.indexWriter.find(digest) ?? this.ports.index.find(digest);
    return place && this.ports.states.isPresent(place.packId) && !this.ports.wants.isRotten(digest, place) ? place : undefined;
  }

  /** Bytes of records at which a pack is sealed. */
  get packBytesTarget(): number {
    return this.ports.packBytesTarget;
  }

  /** Packs that may still get records, or hold records no flush has covered. */
  unsettledPacks(): ReadonlySet<PackId> {
    return new Set([...this.current.values(), ...this.dirty].map(({ packId }) => packId));
  }

  /** Bytes that copies may take beyond the free space of the disk. */
  get reserveBytes(): number {
    return this.ports.reserve.heldBytes;
  }

  /** Chunks and their plain bytes that the index does not count yet. */
  unindexed(): Readonly<{ chunks: number; plainBytes: number }> {
    const written = this.indexWriter.totals();
    let plainBytes = written.plainBytes;
    for (const place of this.pending.values()) plainBytes += place.lengthBytes;
    return { chunks: written.chunks + this.pending.size, plainBytes };
  }

  /** See Store.putSegment. */
  putSegment(segment: ReceivedSegment): Promise<{ storedBytes: number; newChunks: number }> {
    return this.puts.run(async () => {
      this.ports.fence.assertWritable();
      const content = this.selectNew(segment);
      if (!content) return { storedBytes: 0, newChunks: 0 };
      return { storedBytes: await this.append('data', content), newChunks: content.chunks.length };
    });
  }

  /** See Store.putPage. */
  putPage(page: ReceivedPage): Promise<{ storedBytes: number }> {
    return this.puts.run(async () => {
      this.ports.fence.assertWritable();
      if (this.isKnown(page.digest)) return { storedBytes: 0 };
      const { codec, bytes: payload } = compressChunk(page.bytes);
      const chunks = [{ digest: page.digest, lengthBytes: page.bytes.length }];
      const content: RecordContent = { type: 'page', codec, plainLengthBytes: page.bytes.length, payload, chunks };
      // The twin first: a page counts as known only when both copies are written.
      const twinBytes = await this.append('twin', content);
      return { storedBytes: twinBytes + (await this.append('meta', content)) };
    });
  }

  /**
   * Stores verified content again although it may be known: the copy is where it is found from now on. Durable after {@link flush}. Copies are what makes room and
   * what heals, so they may use the reserve.
   */
  putCopy(content: RecordContent): Promise<{ storedBytes: number }> {
    return this.puts.run(async () => {
      this.ports.fence.assertWritable();
      const lane = content.type === 'page' ? this.laneForCopy(content) : 'data';
      return { storedBytes: await this.ports.reserve.whileReleasing(() => this.append(lane, content, true)) };
    });
  }

  /** Another place of a page whose packs are open: the copy that `place` is not. */
  findTwin(digest: Digest, place: ChunkPlace): ChunkPlace | undefined {
    return [this.openPages.meta.get(digest), this.openPages.twin.get(digest)].find((copy) => copy && copy.packId !== place.packId);
  }

  /** Runs `task` between two puts. */
  betweenPuts<T>(task: () => T): Promise<T> {
    return this.puts.run(() => Promise.resolve(task()));
  }

  /** See Store.flush. Callers that come while a flush runs share the next one. */
  flush(): Promise<void> {
    this.nextFlush ??= this.flushes.run(() => {
      this.nextFlush = undefined;
      return this.flushGroup();
    });
    return this.nextFlush;
  }

  /** Flushes and seals what is open. Files are closed even when that fails. */
  async close(): Promise<void> {
    try {
      if (!this.ports.fence.isDown) await this.flushAndSeal();
    } finally {
      for (const pack of this.current.values()) if (!pack.isClosed) await pack.abandon();
      this.current.clear();
    }
  }

  /** Seals what is open and makes it durable; later puts go into new packs. Resolves when the index was offered everything. */
  async flushAndSeal(): Promise<void> {
    await this.betweenPuts(() => {
      for (const lane of [...this.current.keys()]) this.retire(lane);
    });
    await this.flush();
    await this.indexWriter.settle();
  }

  /** Whoever is told that a chunk is known relies on the pack it is in. */
  private isKnown(digest: Digest): boolean {
    const place = this.find(digest);
    if (place) this.ports.uses.add(place.packId);
    return place !== undefined;
  }

  /** The segment's chunks that are new, each once; as it came when that is all of it. */
  private selectNew(segment: ReceivedSegment): RecordContent | undefined {
    const fresh: { digest: Digest; lengthBytes: number; offsetBytes: number }[] = [];
    const seen = new Set<Digest>();
    let offsetBytes = 0;
    for (const { digest, lengthBytes } of segment.chunks) {
      if (!seen.has(digest) && !this.isKnown(digest)) fresh.push({ digest, lengthBytes, offsetBytes });
      seen.add(digest);
      offsetBytes += lengthBytes;
    }
    if (fresh.length === 0) return undefined;
    if (fresh.length === segment.chunks.length) {
      return { type: 'chunks', codec: segment.codec, plainLengthBytes: segment.plain.length, payload: segment.payload, chunks: fresh };
    }
    const plain = new Uint8Array(fresh.reduce((sum, chunk) => sum + chunk.lengthBytes, 0));
    let at = 0;
    for (const chunk of fresh) {
      plain.set(segment.plain.subarray(chunk.offsetBytes, chunk.offsetBytes + chunk.lengthBytes), at);
      at += chunk.lengthBytes;
    }
    const { codec, bytes: payload } = compressChunk(plain);
    return { type: 'chunks', codec, plainLengthBytes: plain.length, payload, chunks: fresh };
  }

  /** The two copies of a page never lie in one pack. */
  private laneForCopy({ chunks }: RecordContent): 'meta' | 'twin' {
    return chunks.some(({ digest }) => this.openPages.meta.has(digest)) ? 'twin' : 'meta';
  }

  /** @param isFound the record is where its content is found from now on; by default all but the second copies of pages. */
  private async append(lane: Lane, content: RecordContent, isFound = lane !== 'twin'): Promise<number> {
    return this.ports.fence.guard('a write to a pack failed', async () => {
      const pack = this.current.get(lane) ?? (await this.begin(lane));
      const { recordOffset, storedBytes } = await pack.append(content);
      this.dirty.add(pack);
      content.chunks.forEach(({ digest, lengthBytes }, entry) => {
        const place = { packId: pack.packId, recordOffset, entry, lengthBytes };
        if (lane !== 'data') this.openPages[lane].set(digest, place);
        if (isFound) this.pending.set(digest, place);
      });
      this.ports.inventory.set(pack.packId, pack.sizeBytes);
      this.ports.uses.add(pack.packId);
      if (pack.sizeBytes >= this.ports.packBytesTarget) this.retire(lane);
      return storedBytes;
    });
  }

  private async begin(lane: Lane): Promise<OpenPack> {
    const { fs, random, storeId, writerToken, clock, lastSeq } = this.ports;
    const packId = randomHex128(random) as PackId;
    const pack = await OpenPack.create(fs, { storeId, packId, kind: kindOf[lane], writerToken, createdSeq: lastSeq(), createdAtMs: clock.nowMs() });
    this.current.set(lane, pack);
    this.ports.inventory.set(packId, PACK_HEADER_BYTES);
    return pack;
  }

  /** Sealing goes on beside further puts; the next flush waits for it and has its outcome. */
  private retire(lane: Lane): void {
    const pack = this.current.get(lane);
    if (!pack) return;
    this.current.delete(lane);
    if (lane !== 'data') this.openPages[lane].clear();
    this.dirty.add(pack);
    pack.seal().catch((error: unknown) => {
      this.ports.fence.trip('sealing a pack failed', error);
    });
  }

  private async flushGroup(): Promise<void> {
    const { fence } = this.ports;
    const group = await this.puts.run(() => {
      fence.assertWritable();
      return Promise.resolve(this.takeGroup());
    });
    await fence.guard('a sync of a pack failed', () => Promise.all(group.packs.map(({ pack }) => pack.sync())));
    this.ports.wants.fulfil(group.places);
    const packs: IndexedPack[] = [];
    for (const { pack, endBytes, wasRetired } of group.packs) {
      // Only a pack that could get no more records when the group was taken is indexed completely by it.
      const sealedBytes = wasRetired ? await pack.seal() : null;
      if (sealedBytes !== null) {
        this.ports.inventory.set(pack.packId, sealedBytes);
        this.onSealed(pack.packId);
      }
      packs.push({ packId: pack.packId, sealed: sealedBytes !== null, indexedBytes: sealedBytes ?? endBytes });
    }
    this.indexWriter.write(packs);
  }

  private takeGroup(): { packs: readonly Readonly<{ pack: OpenPack; endBytes: number; wasRetired: boolean }>[]; places: ReadonlyMap<Digest, ChunkPlace> } {
    const packs = [...this.dirty].map((pack) => ({ pack, endBytes: pack.sizeBytes, wasRetired: pack.isClosed }));
    const places = this.pending;
    this.indexWriter.take(places);
    this.pending = new Map();
    this.dirty = new Set();
    return { packs, places };
  }
}
