import type { StoreId } from '@lifeboat/model';
import { isInvalid } from '../binary/binary.js';
import type { FilePaths } from '../damage/file-paths.js';
import { nameFiles } from '../damage/name-files.js';
import { NotAStore, StoreFileDamaged } from '../errors.js';
import { nodeStoreFs } from '../fs/node-store-fs.js';
import type { StoreFs } from '../fs/store-fs.js';
import { socketLocker, type StoreLocker } from '../lock/store-locker.js';
import { PackFiles } from '../pack/pack-files.js';
import { SegmentReader } from '../pack/segment-reader.js';
import { decideStoreFile, readStoreFiles } from '../store-file/open-store-file.js';
import { isMirrored, type StoreFileContent } from '../store-file/store-file.js';
import { checkLeftovers } from './check-leftovers.js';
import { checkLedger } from './check-ledger.js';
import { checkPacks } from './check-packs.js';
import { checkPoints, fileNamingOf, type PointCheck } from './check-points.js';
import { DigestTable } from './digest-table.js';
import { PageCopies } from './page-copies.js';
import { FsckFindings, type FsckProgress, type FsckReport } from './fsck-report.js';

/** What to check and how thoroughly. */
export type CheckStoreOptions = Readonly<{
  /** The store's directory. */
  path: string;
  /** Also read every record, expand it and compare the digest of every chunk. Without it: STORE copies, ledger, footers, points and maps. */
  readData: boolean;
  /** Default: the directory itself. */
  fs?: StoreFs;
  locker?: StoreLocker;
  /** Finds the files that lost ranges belong to; without it the report names none. */
  filePaths?: FilePaths;
  onProgress?: (progress: FsckProgress) => void;
  signal?: AbortSignal;
}>;

/**
 * Checks a store that no server uses and says what cannot be restored, range by range. Writes nothing and needs neither index nor database.
 *
 * Memory: 50 to 95 bytes per distinct chunk, i.e. 0.8 to 1.5 GB per TiB of distinct 64 KiB chunks, one pack's table, and one pack with its parity when one is damaged. Cost: reads all footers and pages, with `readData` every pack once.
 * @throws StoreLocked (STORE_LOCKED), NotAStore (STORE_NOT_A_STORE), StoreFormatNewer (STORE_FORMAT_NEWER); the signal's reason when aborted.
 */
export async function checkStore(options: CheckStoreOptions): Promise<FsckReport> {
  const lock = await (options.locker ?? socketLocker)(options.path);
  try {
    return await checkLocked(options, options.fs ?? nodeStoreFs(options.path));
  } finally {
    await lock.release();
  }
}

async function checkLocked(options: CheckStoreOptions, fs: StoreFs): Promise<FsckReport> {
  const { readData, onProgress, signal } = options;
  const findings = new FsckFindings();
  const content = await checkStoreFiles(fs, options.path, findings);
  const mirrored = content === null || isMirrored(content);
  const ledger = await checkLedger({ fs, findings, mirrored, signal });
  onProgress?.({ phase: 'ledger', done: ledger.records, total: ledger.records });
  const storeId = content?.storeId ?? ledger.storeId;
  if (storeId !== null && ledger.storeId !== null && storeId !== ledger.storeId) findings.add('damage', 'LEDGER_DAMAGED', { path: 'ledger', detail: 'ledger of another store' });
  const table = new DigestTable();
  const packs = await checkPacks({ fs, table, findings, ledger, readData, onProgress, signal });
  await checkLeftovers(fs, findings);
  const packFiles = new PackFiles(fs);
  try {
    const reader = new SegmentReader(packFiles);
    const check: PointCheck = { fs, storeId: storeId ?? ('' as StoreId), mirrored, ledger, table, packs, reader, pageCopies: new PageCopies(fs), findings, onProgress, signal };
    const damage = await checkPoints(check);
    const entries = options.filePaths ? await nameFiles(damage.entries, fileNamingOf(check, options.filePaths), signal) : damage.entries;
    return {
      storeId, readData, clean: !findings.anyDamage && damage.count === 0, findings: findings.list,
      damage: entries, damageTruncated: damage.truncated, affectedPoints: damage.affectedPoints,
      checked: {
        ledgerRecords: ledger.records, packs: packs.packs.length, records: packs.records, chunks: table.size, points: ledger.points.all().length, readBytes: packs.readBytes,
      },
      unreferenced: table.totalWithout('referenced'),
    };
  } finally {
    await packFiles.close();
  }
}

async function checkStoreFiles(fs: StoreFs, path: string, findings: FsckFindings): Promise<StoreFileContent | null> {
  const copies = await readStoreFiles(fs, false);
  if (copies.every((copy) => copy.content === null) && !(await fs.exists('ledger'))) throw new NotAStore(path, (await fs.readDir(''))[0] ?? 'nothing');
  for (const { name, content } of copies) {
    if (content === null) findings.add('damage', 'STORE_COPY_MISSING', { path: name, detail: 'the other copies serve; the next start writes this one again' });
    else if (isInvalid(content)) findings.add('damage', 'STORE_COPY_DAMAGED', { path: name, lengthBytes: 512, detail: content.invalid });
  }
  try {
    return decideStoreFile(copies);
  } catch (error) {
    if (!(error instanceof StoreFileDamaged)) throw error;
    findings.add('damage', 'STORE_COPIES_UNUSABLE', { path: 'STORE.a', detail: String(error.details['reason']) });
    return null;
  }
}
