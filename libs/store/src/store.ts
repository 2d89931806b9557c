import type { Digest, LedgerEvent, LedgerRecord, MachineId, PageSource, RestorePointId, RestorePointManifest, StoreId } from '@lifeboat/model';
import type { StoredCodec } from '@lifeboat/codec';
import type { FilePaths } from './damage/file-paths.js';
import type { DamageReport } from './damage/find-damaged-points.js';
import type { StoreFs } from './fs/store-fs.js';
import type { CollectGarbageOptions, GcReport } from './gc/gc-options.js';
import type { Want } from './repair/wants-file.js';
import type { ScrubOptions, ScrubReport } from './scrub/scrub-report.js';
import type { TwinReport } from './recovery/twin-report.js';

/**
 * Chunks that came together in one batch. `plain` holds their bytes in the order of `chunks`, without gaps, 1 MiB at most; `payload` is the same
 * bytes compressed with `codec` (for `raw`, `plain` itself). The caller has verified every digest and keeps the bytes unchanged until the put resolves.
 */
export type ReceivedSegment = Readonly<{
  chunks: readonly Readonly<{ digest: Digest; lengthBytes: number }>[];
  codec: StoredCodec;
  plain: Uint8Array;
  payload: Uint8Array;
}>;

/** An index page under its digest, which the caller has computed. */
export type ReceivedPage = Readonly<{ digest: Digest; bytes: Uint8Array }>;

/**
 * `sizeBytes` and `freeBytes` are those of the disk under the store, `packBytes` its packs' files, of which `reclaimableBytes` are condemned and wait for their
 * deletion; `plainBytes` is what the stored chunks hold when expanded, each counted once. `reserveBytes` is what the reserve takes up; it is not free. Filesystems
 * that make inodes as they need them count none: then both numbers are 0.
 */
export type StoreStats = Readonly<{
  sizeBytes: number; freeBytes: number; inodesTotal: number; inodesFree: number; packBytes: number; reclaimableBytes: number; reserveBytes: number;
  chunks: number; packs: number; plainBytes: number;
}>;

/**
 * The owner of a store directory: packs, points and the ledger. One object owns a store at a time, in one process.
 *
 * Any method that writes may throw StoreFull (STORE_FULL, retry later; nothing of the call is kept), StoreReadOnly (STORE_READ_ONLY) after an
 * fsync failed, and StoreClosed (STORE_CLOSED).
 */
export interface Store {
  readonly storeId: StoreId;

  /**
   * Adds a batch's chunks. All new: stored as it came; all known: nothing; mixed: the new ones are compressed again.
   * Readable at once, durable only after {@link flush}. Calls may overlap.
   * @returns bytes the pack grew by and how many chunks were new.
   */
  putSegment(segment: ReceivedSegment): Promise<{ storedBytes: number; newChunks: number }>;

  /** Adds one index page; does nothing when it is known. Durable after {@link flush}. */
  putPage(page: ReceivedPage): Promise<{ storedBytes: number }>;

  /**
   * Group commit: everything whose put resolved before the call is on stable storage when it resolves, duplicates of others' unflushed chunks included.
   * Concurrent callers share one fdatasync.
   */
  flush(): Promise<void>;

  /** Tells whether a chunk or page of that digest can be had, flushed or not. Whoever is told so may rely on it until the next collection asks its sessions. */
  has(digest: Digest): boolean;

  /**
   * The plain bytes of a chunk, verified against its digest. The bytes are a view of a shared buffer: read them, do not change them.
   * @throws ChunkMissing (CHUNK_MISSING), ChunkDamaged (CHUNK_DAMAGED). Cost: at most one segment read and expanded; 64 MiB of segments are cached.
   */
  readChunk(digest: Digest): Promise<Uint8Array>;

  /** As {@link readChunk}, for index pages. */
  readonly readPage: PageSource;

  /**
   * Commits a restore point: flushes, checks under the commit lock that every page and chunk it names is in the store, makes the point file durable and
   * writes the ledger record `point.committed`, whose fsync is the commit. Committing the same manifest again changes nothing and answers the same.
   * @returns the digest of the manifest and the ledger sequence number of the commit.
   * @throws PointClosureBroken (POINT_CLOSURE_BROKEN), PointExists (POINT_EXISTS) the id is taken by other content, ChunkDamaged for unreadable pages.
   */
  commitPoint(manifest: RestorePointManifest): Promise<{ manifestDigest: Digest; seq: number }>;

  /** A committed point's manifest, verified. @throws PointMissing (POINT_MISSING), PointDamaged (POINT_DAMAGED). */
  readManifest(machineId: MachineId, pointId: RestorePointId): Promise<RestorePointManifest>;

  /**
   * Takes a committed point out of the store for good; nothing brings it back. It is gone when the ledger's record is durable; its bytes go with
   * {@link collectGarbage}, when no other point needs them.
   * @throws PointMissing (POINT_MISSING).
   */
  purgePoint(machineId: MachineId, pointId: RestorePointId): Promise<void>;

  /**
   * Takes out what neither a committed point nor a session relies on: condemns packs without anything live, copies what is live out of packs that are mostly dead,
   * and deletes condemned packs when their quarantine is over and another full mark needed nothing of them. Runs while backups run; may be ended at any point
   * and begun again. Nothing is deleted unless every point could be read completely.
   * @throws GcRootUnreadable (GC_ROOT_UNREADABLE), GcImplausible (GC_IMPLAUSIBLE), GcRunning (GC_RUNNING), the signal's reason.
   */
  collectGarbage(options: CollectGarbageOptions): Promise<GcReport>;

  /**
   * Reads sealed packs before anybody needs them: every checksum, the digest of every chunk, and the parity. Damage that a second look confirms is repaired from
   * parity into new packs, then from other copies in the store; the rest becomes a want. Parity that is missing or damaged is made. Runs while backups run; ends
   * early by its signal or when the store closes, and the next run goes on from there.
   * @throws ScrubRunning (SCRUB_RUNNING).
   */
  scrub(options: ScrubOptions): Promise<ScrubReport>;

  /** Chunks and pages that cannot be read any more, in the order they were found to be. Each leaves the list when its content comes again, from any computer. */
  wants(): Want[];

  /** Tells whether content of that digest is lost: a put of it stores it anew. */
  isWanted(digest: Digest): boolean;

  /** Resolves when the parity of every pack sealed so far is made or given up. Nothing needs to wait for it. */
  settleParity(): Promise<void>;

  /** Appends an event; it is durable when this resolves. Events get consecutive sequence numbers in the order of the calls. */
  appendLedger(event: LedgerEvent): Promise<LedgerRecord>;

  /** Records with `seq >= fromSeq` in order, up to the last durable one. @throws LedgerCorrupt (LEDGER_CORRUPT). */
  readLedger(fromSeq: number): AsyncIterable<LedgerRecord>;

  /**
   * Says which ranges of which committed points the content in `bad` belongs to, such as what a scrub found lost; with `filePaths` also whose bytes they are.
   * Memory: 150 bytes per digest and per distinct page. Cost: reads every page of every point.
   */
  damagedPoints(bad: Iterable<Digest>, options?: Readonly<{ filePaths?: FilePaths; signal?: AbortSignal }>): Promise<DamageReport>;

  /**
   * Makes the files of the reserve that are missing, as far as there is room for them, and gives up what is too much. Runs beside everything else; cost: writes them.
   * Collections do it at their end. While pieces are missing, puts are refused with StoreFull unless there is space beyond them.
   */
  fillReserve(signal?: AbortSignal): Promise<void>;

  /**
   * Reads both copies of everything the store keeps twice, the ledger and the points, and writes a damaged copy again from the other one; what it held goes to
   * `quarantine/`. Reading repairs too, but only what is read. Cost: reads all of it.
   */
  verifyTwins(signal?: AbortSignal): Promise<TwinReport>;

  /** The directory of session journals; its paths are relative to `sessions/`. */
  readonly sessionsFs: StoreFs;

  /** Current sizes; cheap enough to call once a second. */
  stats(): Promise<StoreStats>;

  /** Flushes, closes every file and gives up the lock. Calling it again does nothing. */
  close(): Promise<void>;
}
