import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock, LedgerRecord, Random, StoreId } from '@lifeboat/model';
import { WriteFence } from './concurrency/write-fence.js';
import { LedgerCorrupt, StoreFull } from './errors.js';
import { FileStore } from './file-store.js';
import { isNoSpace } from './fs/errno.js';
import { nodeStoreFs } from './fs/node-store-fs.js';
import type { StoreFs } from './fs/store-fs.js';
import type { ChunkIndex, ChunkPlace } from './index/chunk-index.js';
import { openLmdbChunkIndex } from './index/lmdb-chunk-index.js';
import { Ledger, type LedgerOwner } from './ledger/ledger.js';
import { socketLocker, type StoreLock, type StoreLocker } from './lock/store-locker.js';
import { PackAppender, packBytesTarget } from './pack/pack-appender.js';
import { PackFiles } from './pack/pack-files.js';
import { PackInventory } from './pack/pack-inventory.js';
import { PackStates } from './pack/pack-states.js';
import { PackUses } from './pack/pack-uses.js';
import type { RepairReport } from './repair/repair-report.js';
import { Wants } from './repair/wants.js';
import { ScrubLog } from './scrub/scrub-log.js';
import { CommittedPoints } from './point/committed-points.js';
import { PointFiles } from './point/point-files.js';
import { indexOnReserve } from './reserve/index-on-reserve.js';
import { Reserve } from './reserve/reserve.js';
import { reconcileIndex } from './recovery/reconcile-index.js';
import { recoverOpenPacks } from './recovery/recover-open-packs.js';
import { syncNames } from './recovery/sync-names.js';
import type { Store } from './store.js';
import { openStoreFile, readStoreFile, upgradeStoreFile } from './store-file/open-store-file.js';

/** What a store is opened on. */
export type OpenStoreOptions = Readonly<{
  /** The store's directory; made when missing. */
  path: string;
  clock: Clock;
  random: Random;
  /** Default: the directory itself. */
  fs?: StoreFs;
  /** Default: LMDB in the store's `index/`. The store closes it. */
  index?: ChunkIndex;
  /** Default: a socket that belongs to the directory. */
  locker?: StoreLocker;
  /** Size at which packs are sealed, default 64 MiB. */
  packBytesTarget?: number;
  /**
   * Open for reading only, also a store whose ledger is damaged in both copies or that needs features of writing this version does not know: restores work as far as
   * bytes are readable, every write is StoreReadOnly. Nothing is repaired; only the derived `index/` is brought up to date. Default false.
   */
  readOnly?: boolean;
  /** Bytes kept back for what makes room on a full disk, see `reserveBytesFor`; default 0, none. Store.fillReserve makes the files. */
  reserveBytes?: number;
  /** Who takes the store over, for its ledger. Default: this host and process. */
  owner?: Readonly<{ host: string; pid: number }>;
  /** Make parity for packs in the background as they are sealed, default true. A scrub makes what is missing either way. */
  makesParity?: boolean;
  /** Told of each damaged pack, found by a scrub or by a read, and of what became of it. Must not throw. */
  onDamage?: (report: RepairReport) => void;
}>;

/**
 * Opens the store in a directory, or makes one in an empty directory: takes the lock, verifies STORE copies and ledger, seals what a crash left open and brings the
 * index up to date. Deletes nothing.
 *
 * @throws StoreLocked (STORE_LOCKED), NotAStore (STORE_NOT_A_STORE), StoreFormatNewer (STORE_FORMAT_NEWER), StoreFileDamaged (STORE_FILE_DAMAGED),
 *   LedgerCorrupt (LEDGER_CORRUPT), StoreFull (STORE_FULL) only when a new store does not fit.
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  if (!options.fs && !options.readOnly) await mkdir(options.path, { recursive: true, mode: 0o700 });
  const fence = new WriteFence();
  const lock = await (options.locker ?? socketLocker)(options.path);
  try {
    return await (options.readOnly ? openForReading : openLocked)(options, fence, lock);
  } catch (error) {
    await lock.release();
    throw isNoSpace(error) ? new StoreFull(error) : error;
  }
}

async function openLocked(options: OpenStoreOptions, fence: WriteFence, lock: StoreLock): Promise<Store> {
  const { clock, random, path } = options;
  const fs = options.fs ?? nodeStoreFs(path);
  const content = await openStoreFile(fs, { path, clock, random });
  const { storeId } = content;
  await syncNames(fs);
  const history = newHistory();
  const reserve = await Reserve.open({ fs, random, targetBytes: options.reserveBytes ?? 0 });
  const ledger = await Ledger.open({ fs, clock, fence, reserve }, ownerOf(options, storeId), history.apply);
  await assertLedgerPresent(fs, ledger);
  const pointFiles = new PointFiles({ fs, fence, storeId, nowMs: () => clock.nowMs() });
  await pointFiles.completeTwins(history.points.all());
  await upgradeStoreFile(fs, content);
  const index = indexOnReserve(options.index ?? (await reserve.whileReleasing(() => openLmdbChunkIndex(join(path, 'index')))), reserve);
  return closingOnFailure(index, async () => {
    await takeOver(ledger);
    await recoverOpenPacks(fs, index);
    return assemble({ options, fs, fence, lock, ledger, history, pointFiles, reserve, index, storeId });
  });
}

/** What could be read of the ledger is believed; a point whose purge was lost comes back, one whose commit was lost is missing. */
async function openForReading(options: OpenStoreOptions, fence: WriteFence, lock: StoreLock): Promise<Store> {
  const { clock, random, path } = options;
  fence.trip('the store was opened for reading only');
  const fs = options.fs ?? nodeStoreFs(path);
  const { storeId } = await readStoreFile(fs, path);
  const history = newHistory();
  const reserve = await Reserve.open({ fs, random, targetBytes: 0 });
  const ledger = await Ledger.openForReading({ fs, clock, fence, reserve }, ownerOf(options, storeId), history.apply);
  const pointFiles = new PointFiles({ fs, fence, storeId, nowMs: () => clock.nowMs() });
  const index = options.index ?? (await openLmdbChunkIndex(join(path, 'index')));
  return closingOnFailure(index, () => assemble({ options: { ...options, makesParity: false }, fs, fence, lock, ledger, history, pointFiles, reserve, index, storeId }));
}

function ownerOf(options: OpenStoreOptions, storeId: StoreId): LedgerOwner {
  return { storeId, ...(options.owner ?? { host: hostname(), pid: process.pid }) };
}

/** What the ledger says, gathered record by record. */
type History = Readonly<{ points: CommittedPoints; states: PackStates; scrubLog: ScrubLog; apply: (record: LedgerRecord) => void }>;

function newHistory(): History {
  const [points, states, scrubLog] = [new CommittedPoints(), new PackStates(), new ScrubLog()];
  return {
    points, states, scrubLog,
    apply: (record) => {
      points.add(record);
      states.apply(record);
      scrubLog.apply(record);
    },
  };
}

async function closingOnFailure<T>(index: ChunkIndex, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    await index.close();
    throw error;
  }
}

type Opened = Readonly<{
  options: OpenStoreOptions; fs: StoreFs; fence: WriteFence; lock: StoreLock; ledger: Ledger; history: History; pointFiles: PointFiles; reserve: Reserve; index: ChunkIndex; storeId: StoreId;
}>;

async function assemble({ options, history, ...opened }: Opened): Promise<Store> {
  const { fs, index, ledger } = opened;
  const { points, states, scrubLog } = history;
  const { clock, random } = options;
  await reconcileIndex(fs, index, states);
  const wants = await Wants.load(fs);
  wants.settle((digest) => livePlace(index.find(digest), states));
  const uses = new PackUses();
  const inventory = new PackInventory();
  for (const { packId, indexedBytes } of index.packs()) inventory.set(packId, indexedBytes);
  const appender = new PackAppender({
    ...opened, clock, random, writerToken: ledger.writerToken, packBytesTarget: options.packBytesTarget ?? packBytesTarget, states, uses, inventory, wants, lastSeq: () => ledger.lastSeq,
  });
  return new FileStore({
    ...opened, points, states, scrubLog, appender, packFiles: new PackFiles(fs), uses, inventory, clock, wants, onDamage: options.onDamage, makesParity: options.makesParity ?? true,
  });
}

/** A place that may be relied upon. */
function livePlace(place: ChunkPlace | undefined, states: PackStates): ChunkPlace | undefined {
  return place && states.isPresent(place.packId) ? place : undefined;
}

/** On a full disk an existing store still opens, so that it can restore; its first ledger record then comes before the first write that fits. */
async function takeOver(ledger: Ledger): Promise<void> {
  const isNew = ledger.lastSeq === 0;
  try {
    await ledger.takeOver();
  } catch (error) {
    if (isNew || !(error instanceof StoreFull)) throw error;
  }
}

/** Points without any ledger mean that the ledger was lost, not that the store is new. */
async function assertLedgerPresent(fs: StoreFs, ledger: Ledger): Promise<void> {
  if (ledger.lastSeq > 0) return;
  if ((await fs.readDir('points')).length > 0 || (await fs.readDir('packs')).length > 0) {
    throw new LedgerCorrupt({ file: 'ledger', offsetBytes: 0, reason: 'there are restore points or packs but no ledger' });
  }
}
