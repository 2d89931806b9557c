import type { Clock, Digest, LedgerEvent, LedgerRecord, MachineId, RestorePointId, RestorePointManifest, StoreId } from '@lifeboat/model';
import { SerialQueue } from './concurrency/serial-queue.js';
import type { WriteFence } from './concurrency/write-fence.js';
import { checkClosure } from './commit/check-closure.js';
import { ValidatedPages } from './commit/validated-pages.js';
import { ChunkDamaged, PointClosureBroken, PointExists, PointMissing, StoreClosed } from './errors.js';
import { GarbageCollector } from './gc/garbage-collector.js';
import type { CollectGarbageOptions, GcReport } from './gc/gc-options.js';
import { purgePoint } from './gc/purge-point.js';
import type { FilePaths } from './damage/file-paths.js';
import { findDamagedPoints, type DamageReport } from './damage/find-damaged-points.js';
import { nameFiles } from './damage/name-files.js';
import type { FsckDamage } from './fsck/fsck-report.js';
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
import type { Reserve } from './reserve/reserve.js';
import { addTwinReports, type TwinReport } from './recovery/twin-report.js';
import type { RepairReport } from './repair/repair-report.js';
import type { Want } from './repair/wants-file.js';
import type { Wants } from './repair/wants.js';
import type { ScrubLog } from './scrub/scrub-log.js';
import type { ScrubOptions, ScrubReport } from './scrub/scrub-report.js';
import { StoreUpkeep } from './scrub/store-upkeep.js';
import type { ReceivedPage, ReceivedSegment, Store, StoreStats } from './store.js';

/** What a store is made of, all opened and recovered; the store closes them. */
export type StoreParts = Readonly<{
  storeId: StoreId; fs: StoreFs; fence: WriteFence; lock: StoreLock; ledger: Ledger; points: CommittedPoints; pointFiles: PointFiles; reserve: Reserve; appender: PackAppender; index: ChunkIndex; packFiles: PackFiles;
  states: PackStates; uses: PackUses; inventory: PackInventory; clock: Clock;
  wants: Wants; scrubLog: ScrubLog; onDamage: ((report: RepairReport) => void) | undefined; makesParity: boolean;
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
  private readonly upkeep: StoreUpkeep;
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
    this.upkeep = new StoreUpkeep({ ...parts, reader: this.reader, record: (event) => this.record(event), underCommitLock: (task) => this.commits.run(task) });
  }

  async putSegment(segment: ReceivedSegment): Promise<{ storedBytes: number; newChunks: number }> {
    this.assertOpen();
    await this.parts.reserve.assertWhole();
    return this.parts.appender.putSegment(segment);
  }

  async putPage(page: ReceivedPage): Promise<{ storedBytes: number }> {
    this.assertOpen();
    await this.parts.reserve.assertWhole();
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
    const report = await this.collector.collect({ ...options, signal });
    if (!this.parts.fence.isDown) await this.parts.reserve.fill(signal);
    return report;
  }

  async appendLedger(event: LedgerEvent): Promise<LedgerRecord> {
    this.assertOpen();
    return this.record(event);
  }

  async scrub(options: ScrubOptions): Promise<ScrubReport> {
    this.assertOpen();
    const signal = AbortSignal.any([this.stopping.signal, ...(options.signal ? [options.signal] : [])]);
    return this.upkeep.scrub({ ...options, signal });
  }

  wants(): Want[] {
    return this.upkeep.wants();
  }

  isWanted(digest: Digest): boolean {
    return this.upkeep.isWanted(digest);
  }

  settleParity(): Promise<void> {
    return this.upkeep.settle();
  }

  readLedger(fromSeq: number): AsyncIterable<LedgerRecord> {
    this.assertOpen();
    return this.parts.ledger.read(fromSeq);
  }

  async damagedPoints(bad: Iterable<Digest>, { filePaths, signal }: Readonly<{ filePaths?: FilePaths; signal?: AbortSignal }> = {}): Promise<DamageReport> {
    this.assertOpen();
    const { points, pointFiles } = this.parts;
    const stop = AbortSignal.any([this.stopping.signal, ...(signal ? [signal] : [])]);
    const report = await findDamagedPoints(new Set(bad), { points: points.all(), readManifest: (point) => pointFiles.read(point), readPage: this.readPage }, stop);
    if (!filePaths) return report;
    const readManifest = ({ machineId, pointId }: FsckDamage): Promise<RestorePointManifest> => this.readManifest(machineId, pointId);
    return { ...report, damage: await nameFiles(report.damage, { filePaths, source: this, readManifest }, stop) };
  }

  async fillReserve(signal?: AbortSignal): Promise<void> {
    this.assertOpen();
    const { fence, reserve } = this.parts;
    fence.assertWritable();
    await reserve.fill(AbortSignal.any([this.stopping.signal, ...(signal ? [signal] : [])]));
  }

  async verifyTwins(signal?: AbortSignal): Promise<TwinReport> {
    this.assertOpen();
    const { ledger, pointFiles, points } = this.parts;
    return addTwinReports([await ledger.verifyCopies(signal), await pointFiles.verifyCopies(points.all(), signal)]);
  }

  async stats(): Promise<StoreStats> {
    this.assertOpen();
    const { fs, index, appender, inventory, states, reserve } = this.parts;
    const [space, indexed, waiting] = [await fs.statfs(), index.totals(), appender.unindexed()];
    return {
      sizeBytes: space.totalBytes, freeBytes: space.freeBytes, inodesTotal: space.totalInodes, inodesFree: space.freeInodes, reserveBytes: reserve.heldBytes, packBytes: inventory.totalBytes, packs: inventory.count,
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
    await this.upkeep.settleScrub();
    await this.parts.reserve.settle();
    try {
      await this.commits.run(() => appender.close());
      await this.upkeep.close();
    } finally {
      fence.close();
      await ledger.close();
      await packFiles.close();
      await index.close();
      await lock.release();
    }
  }

  private async record(event: LedgerEvent): Promise<LedgerRecord> {
    const record = await this.parts.ledger.append(event);
    this.parts.points.add(record);
    this.parts.states.apply(record);
    this.parts.scrubLog.apply(record);
    return record;
  }

  private async commitNow(manifest: RestorePointManifest): Promise<{ manifestDigest: Digest; seq: number }> {
    const { fence, ledger, points, pointFiles, appender, reserve } = this.parts;
    const { machineId, pointId } = manifest;
    const { bytes, manifestDigest } = encodePointFile(this.storeId, manifest);
    const existing = points.find(machineId, pointId);
    if (existing && existing.manifestDigest !== manifestDigest) throw new PointExists({ machineId, pointId });
    if (existing) return { manifestDigest, seq: existing.seq };
    fence.assertWritable();
    await appender.flush();
    await this.assertClosure(manifest);
    await fence.guard('a write of a restore point failed', () => reserve.whileReleasing(() => pointFiles.write(manifest, bytes)));
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

  /** As readPage, also while the store is closing: a commit that has begun is carried through. A place that was left for a better one is looked up once more; damage is repaired on the way. */
  private readonly readFromStore = async (digest: Digest): Promise<Uint8Array> => {
    const place = this.parts.appender.locate(digest);
    if (!place) throw this.upkeep.missing(digest);
    try {
      return await this.reader.read(digest, place);
    } catch (error) {
      const now = this.parts.appender.locate(digest);
      if (!now) throw this.upkeep.missing(digest);
      if (now.packId !== place.packId) return this.reader.read(digest, now);
      if (!(error instanceof ChunkDamaged)) throw error;
      // A page in a pack that is still being written has neither parity nor footer, but a second copy.
      const twin = this.parts.appender.findTwin(digest, place);
      return twin ? this.reader.read(digest, twin) : this.upkeep.recover(digest, place, error);
    }
  };

  private assertOpen(): void {
    if (this.closing) throw new StoreClosed();
  }
}
