import type { Clock, Digest, LedgerEvent, LedgerRecord, MachineId, RestorePointId, RestorePointManifest, StoreId } from '@lifeboat/model';
import { SerialQueue } from './concurrency/serial-queue.js';
import type { WriteFence } from './concurrency/write-fence.js';
import { checkClosure } from './commit/check-closure.js';
import { ValidatedPages } from './commit/validated-pages.js';
import { ChunkMissing, PointClosureBroken, PointExists, PointMissing, StoreClosed } from './errors.js';
import { GarbageCollector } from './gc/garbage-collector.js';
import type { CollectGarbageOptions, GcReport } from './gc/gc-options.js';
import { purgePoint } from './gc/purge-point.js';
import { scopedStoreFs } from './fs/scoped-store-fs.js';
import type { StoreFs } from './fs/store-fs.js';
import type { ChunkIndex } from './index/chunk-index.js';
import type { Ledger } from './ledger/ledger.js';
import type { StoreLock } from './lock/store-locker.js';
import type { PackAppender } from './pack/pack-appender.js';
import type { PackFiles } from './pack/pack-files.js';
import type { PackInventory } from './pack/pack-inventory.js';
import { packIdsPerEventMax, type PackStates } from './pack/pack-states.js';
import type { PackUses } from './pack/pack-uses.js';
import { SegmentReader } from './pack/segment-reader.js';
import type { CommittedPoints } from './point/committed-points.js';
import { encodePointFile } from './point/point-file.js';
import type { PointFiles } from './point/point-files.js';
import { addTwinReports, type TwinReport } from './recovery/twin-report.js';
import type { ReceivedPage, ReceivedSegment, Store, StoreStats } from './store.js';

/** What a store is made of, all opened and recovered; the store closes them. */
export type StoreParts = Readonly<{
  storeId: StoreId; fs: StoreFs; fence: WriteFence; lock: StoreLock; ledger: Ledger; points: CommittedPoints; pointFiles: PointFiles; appender: PackAppender; index: ChunkIndex; packFiles: PackFiles;
  states: PackStates; uses: PackUses; inventory: PackInventory; clock: Clock;
}>;

/** The store on a {@link StoreFs}. */
export class FileStore implements Store {
  readonly storeId: StoreId;
  readonly sessionsFs: StoreFs;
  private readonly reader: SegmentReader;
  /** Commits, purges, condemnations and deletions, one at a time: a commit relies on what none of the others takes away meanwhile. */
  private readonly commits = new SerialQueue();
  private readonly validated: ValidatedPages;
  private readonly collector: GarbageCollector;
  /** Ends work that may be ended anywhere when the store closes. */
  private readonly stopping = new AbortController();
  private closing: Promise<void> | undefined;

  constructor(private readonly parts: StoreParts) {
    this.storeId = parts.storeId;
    this.sessionsFs = scopedStoreFs(parts.fs, 'sessions');
    this.reader = new SegmentReader(parts.packFiles);
    this.validated = new ValidatedPages(parts.states, parts.uses);
    this.collector = new GarbageCollector({
      ...parts, readPage: (digest) => this.readFromStore(digest), underCommitLock: (task) => this.commits.run(task), monotonicMs: () => parts.clock.monotonicMs(),
    });
  }

  async putSegment(segment: ReceivedSegment): Promise<{ storedBytes: number; newChunks: number }> {
    this.assertOpen();
    return this.parts.appender.putSegment(segment);
  }

  async putPage(page: ReceivedPage): Promise<{ storedBytes: number }> {
    this.assertOpen();
    return this.parts.appender.putPage(page);
  }

  async flush(): Promise<void> {
    this.assertOpen();
    await this.parts.appender.flush();
  }

  has(digest: Digest): boolean {
    this.assertOpen();
    const place = this.parts.appender.locate(digest);
    if (place) this.parts.uses.add(place.packId);
    return place !== undefined;
  }

  readonly readChunk = async (digest: Digest): Promise<Uint8Array> => {
    this.assertOpen();
    return this.readFromStore(digest);
  };

  readonly readPage = (digest: Digest): Promise<Uint8Array> => this.readChunk(digest);

  async commitPoint(manifest: RestorePointManifest): Promise<{ manifestDigest: Digest; seq: number }> {
    this.assertOpen();
    return this.commits.run(() => this.commitNow(manifest));
  }

  async readManifest(machineId: MachineId, pointId: RestorePointId): Promise<RestorePointManifest> {
    this.assertOpen();
    const committed = this.parts.points.find(machineId, pointId);
    if (!committed) throw new PointMissing({ machineId, pointId });
    return this.parts.pointFiles.read(committed);
  }

  async purgePoint(machineId: MachineId, pointId: RestorePointId): Promise<void> {
    this.assertOpen();
    await this.commits.run(() => purgePoint(this.parts, { machineId, pointId }));
  }

  async collectGarbage(options: CollectGarbageOptions): Promise<GcReport> {
    this.assertOpen();
    const signal = AbortSignal.any([this.stopping.signal, ...(options.signal ? [options.signal] : [])]);
    return this.collector.collect({ ...options, signal });
  }

  async appendLedger(event: LedgerEvent): Promise<LedgerRecord> {
    this.assertOpen();
    const record = await this.parts.ledger.append(event);
    this.parts.points.add(record);
    this.parts.states.apply(record);
    return record;
  }

  readLedger(fromSeq: number): AsyncIterable<LedgerRecord> {
    this.assertOpen();
    return this.parts.ledger.read(fromSeq);
  }

  async verifyTwins(signal?: AbortSignal): Promise<TwinReport> {
    this.assertOpen();
    const { ledger, pointFiles, points } = this.parts;
    return addTwinReports([await ledger.verifyCopies(signal), await pointFiles.verifyCopies(points.all(), signal)]);
  }

  async stats(): Promise<StoreStats> {
    this.assertOpen();
    const { fs, index, appender, inventory, states } = this.parts;
    const [space, indexed, waiting] = [await fs.statfs(), index.totals(), appender.unindexed()];
    return {
      sizeBytes: space.totalBytes, freeBytes: space.freeBytes, packBytes: inventory.totalBytes, packs: inventory.count,
      reclaimableBytes: states.allCondemned().reduce((sum, { packId }) => sum + inventory.sizeOf(packId), 0),
      chunks: indexed.chunks + waiting.chunks, plainBytes: indexed.plainBytes + waiting.plainBytes,
    };
  }

  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  /** A commit under way ends before the parts it uses are closed; whatever fails, the lock is given up. */
  private async closeOnce(): Promise<void> {
    const { appender, fence, ledger, packFiles, index, lock } = this.parts;
    this.stopping.abort(new StoreClosed());
    await this.collector.settle();
    try {
      await this.commits.run(() => appender.close());
    } finally {
      fence.close();
      await ledger.close();
      await packFiles.close();
      await index.close();
      await lock.release();
    }
  }

  private async commitNow(manifest: RestorePointManifest): Promise<{ manifestDigest: Digest; seq: number }> {
    const { fence, ledger, points, pointFiles, appender } = this.parts;
    const { machineId, pointId } = manifest;
    const { bytes, manifestDigest } = encodePointFile(this.storeId, manifest);
    const existing = points.find(machineId, pointId);
    if (existing && existing.manifestDigest !== manifestDigest) throw new PointExists({ machineId, pointId });
    if (existing) return { manifestDigest, seq: existing.seq };
    fence.assertWritable();
    await appender.flush();
    await this.assertClosure(manifest);
    await fence.guard('a write of a restore point failed', () => pointFiles.write(manifest, bytes));
    const record = await ledger.append({ type: 'point.committed', machineId, pointId, manifestDigest });
    points.add(record);
    return { manifestDigest, seq: record.seq };
  }

  /** Everything a point names is there; condemned packs it needs live again before it can be committed. */
  private async assertClosure(manifest: RestorePointManifest): Promise<void> {
    const { ledger, states, uses, appender } = this.parts;
    const ports = { locate: (digest: Digest) => appender.locate(digest), readPage: this.readFromStore, states, uses, validated: this.validated };
    const { missing, missingCount, condemned, pages } = await checkClosure(manifest, ports);
    for (let at = 0; at < condemned.length; at += packIdsPerEventMax) {
      states.apply(await ledger.append({ type: 'packs.rescued', packIds: condemned.slice(at, at + packIdsPerEventMax) }));
    }
    if (missingCount > 0) throw new PointClosureBroken([...new Set(missing.map(({ digest }) => digest))], missingCount, missing);
    this.validated.add(pages);
  }

  /** As readPage, also while the store is closing: a commit that has begun is carried through. A place that was left for a better one is looked up once more; a page that is still being written has a second place. */
  private readonly readFromStore = async (digest: Digest): Promise<Uint8Array> => {
    const place = this.parts.appender.locate(digest);
    if (!place) throw new ChunkMissing(digest);
    try {
      return await this.reader.read(digest, place);
    } catch (error) {
      const now = this.parts.appender.locate(digest);
      if (!now) throw new ChunkMissing(digest);
      const other = now.packId === place.packId ? this.parts.appender.findTwin(digest, place) : now;
      if (!other) throw error;
      return this.reader.read(digest, other);
    }
  };

  private assertOpen(): void {
    if (this.closing) throw new StoreClosed();
  }
}
