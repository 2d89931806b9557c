import type { Digest, LedgerEvent, LedgerRecord, MachineId, RestorePointId, RestorePointManifest, StoreId } from '@lifeboat/model';
import { isInvalid } from './binary/binary.js';
import { SerialQueue } from './concurrency/serial-queue.js';
import type { WriteFence } from './concurrency/write-fence.js';
import { assertClosure } from './commit/assert-closure.js';
import { ChunkMissing, PointDamaged, PointExists, PointMissing, StoreClosed } from './errors.js';
import { errnoOf } from './fs/errno.js';
import { readWhole, syncDirectory } from './fs/file-io.js';
import { scopedStoreFs } from './fs/scoped-store-fs.js';
import type { StoreFs } from './fs/store-fs.js';
import { writeDurably } from './fs/write-durably.js';
import type { ChunkIndex } from './index/chunk-index.js';
import type { Ledger } from './ledger/ledger.js';
import type { StoreLock } from './lock/store-locker.js';
import type { PackAppender } from './pack/pack-appender.js';
import type { PackFiles } from './pack/pack-files.js';
import { SegmentReader } from './pack/segment-reader.js';
import type { CommittedPoints } from './point/committed-points.js';
import { decodePointFile, encodePointFile, manifestBytesMax, POINT_HEADER_BYTES, pointDirectoryOf, pointPathOf } from './point/point-file.js';
import type { ReceivedPage, ReceivedSegment, Store, StoreStats } from './store.js';

/** What a store is made of, all opened and recovered; the store closes them. */
export type StoreParts = Readonly<{
  storeId: StoreId; fs: StoreFs; fence: WriteFence; lock: StoreLock; ledger: Ledger; points: CommittedPoints; appender: PackAppender; index: ChunkIndex; packFiles: PackFiles;
  /** Packs and their bytes when the store was opened. */
  packs: number; packBytes: number;
}>;

/** The store on a {@link StoreFs}. */
export class FileStore implements Store {
  readonly storeId: StoreId;
  readonly sessionsFs: StoreFs;
  private readonly reader: SegmentReader;
  private readonly commits = new SerialQueue();
  private closing: Promise<void> | undefined;

  constructor(private readonly parts: StoreParts) {
    this.storeId = parts.storeId;
    this.sessionsFs = scopedStoreFs(parts.fs, 'sessions');
    this.reader = new SegmentReader(parts.packFiles);
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
    return this.parts.appender.find(digest) !== undefined;
  }

  readonly readChunk = async (digest: Digest): Promise<Uint8Array> => {
    this.assertOpen();
    const place = this.parts.appender.find(digest);
    if (!place) throw new ChunkMissing(digest);
    return this.reader.read(digest, place);
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
    const file = pointPathOf(committed);
    const decoded = decodePointFile(await this.readPointFile(file), { storeId: this.storeId, machineId, pointId });
    if (isInvalid(decoded)) throw new PointDamaged({ file, reason: decoded.invalid });
    if (decoded.manifestDigest !== committed.manifestDigest) throw new PointDamaged({ file, reason: 'not the manifest that was committed' });
    return decoded.manifest;
  }

  async appendLedger(event: LedgerEvent): Promise<LedgerRecord> {
    this.assertOpen();
    const record = await this.parts.ledger.append(event);
    this.parts.points.add(record);
    return record;
  }

  readLedger(fromSeq: number): AsyncIterable<LedgerRecord> {
    this.assertOpen();
    return this.parts.ledger.read(fromSeq);
  }

  async stats(): Promise<StoreStats> {
    this.assertOpen();
    const { fs, index, appender, packs, packBytes } = this.parts;
    const [space, indexed, waiting] = [await fs.statfs(), index.totals(), appender.unindexed()];
    return {
      sizeBytes: space.totalBytes, freeBytes: space.freeBytes, packBytes: packBytes + appender.writtenBytes, packs: packs + appender.packsBegun,
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
    const { fs, fence, ledger, points, appender } = this.parts;
    const { machineId, pointId } = manifest;
    const { bytes, manifestDigest } = encodePointFile(this.storeId, manifest);
    const existing = points.find(machineId, pointId);
    if (existing && existing.manifestDigest !== manifestDigest) throw new PointExists({ machineId, pointId });
    if (existing) return { manifestDigest, seq: existing.seq };
    fence.assertWritable();
    await appender.flush();
    await assertClosure(manifest, (digest) => appender.find(digest), this.readFromStore);
    await fence.guard('a write of a restore point failed', async () => {
      const directory = pointDirectoryOf(machineId);
      if (!(await fs.exists(directory))) {
        await fs.mkdir(directory);
        await syncDirectory(fs, 'points');
      }
      await writeDurably(fs, pointPathOf(manifest), bytes);
    });
    const record = await ledger.append({ type: 'point.committed', machineId, pointId, manifestDigest });
    points.add(record);
    return { manifestDigest, seq: record.seq };
  }

  /** As readPage, also while the store is closing: a commit that has begun is carried through. */
  private readonly readFromStore = async (digest: Digest): Promise<Uint8Array> => {
    const place = this.parts.appender.find(digest);
    if (!place) throw new ChunkMissing(digest);
    return this.reader.read(digest, place);
  };

  private async readPointFile(file: string): Promise<Uint8Array> {
    try {
      return await readWhole(this.parts.fs, file, manifestBytesMax + POINT_HEADER_BYTES);
    } catch (error) {
      throw new PointDamaged({ file, reason: errnoOf(error) === 'ENOENT' ? 'the file is missing' : 'the file cannot be read' }, error);
    }
  }

  private assertOpen(): void {
    if (this.closing) throw new StoreClosed();
  }
}
