import type { PackId } from '@lifeboat/model';
import { alignUp } from '../binary/binary.js';
import { syncDirectory, syncFile } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';
import type { ChunkIndex } from '../index/chunk-index.js';
import { scanPack, type PackFault, type PackListing } from '../pack/list-records.js';
import { moveToSealed, OpenPack } from '../pack/open-pack.js';
import type { FooterEntry } from '../pack/pack-footer.js';
import { openDirectory, openPathOf, packIdOf } from '../pack/pack-paths.js';
import { RECORD_ALIGN_BYTES } from '../pack/segment-record.js';
import { isNoSpace } from '../fs/errno.js';
import { indexPack } from './reconcile-index.js';

/** What recovery did with a pack that a crash left open. */
export type RecoveredPack = Readonly<{ packId: PackId; outcome: 'sealed' | 'left-open' | 'empty' | 'quarantined'; records: number; recordsEnd: number; faults: readonly PackFault[] }>;

/**
 * Seals what earlier owners left open. Each file is made durable before it is read. Whole records are kept wherever they lie; bytes of a torn one stay in the
 * file as a gap that the footer does not list. Nothing is deleted: a pack without a usable header goes to `quarantine/`, one without records to `trash/`.
 */
export async function recoverOpenPacks(fs: StoreFs, index: ChunkIndex): Promise<RecoveredPack[]> {
  const recovered: RecoveredPack[] = [];
  const indexed = new Map(index.packs().map((pack) => [pack.packId, pack.indexedBytes]));
  await syncDirectory(fs, openDirectory);
  for (const name of await fs.readDir(openDirectory)) {
    const packId = packIdOf(name, '.open');
    if (packId) recovered.push(await recoverPack(fs, index, packId));
  }
  // The index names records that are gone: the disk lost what it had confirmed. A name without content must not count as known.
  if (recovered.some((pack) => lacksIndexed(pack, indexed.get(pack.packId) ?? 0))) await index.clear();
  return recovered;
}

function lacksIndexed(pack: RecoveredPack, indexedBytes: number): boolean {
  return pack.recordsEnd < indexedBytes || pack.faults.some((fault) => fault.offsetBytes < indexedBytes);
}

async function recoverPack(fs: StoreFs, index: ChunkIndex, packId: PackId): Promise<RecoveredPack> {
  const path = openPathOf(packId);
  await syncBeforeReading(fs, path);
  const listing = await scanPack(fs, path, packId);
  const done = (outcome: RecoveredPack['outcome']): RecoveredPack => ({ packId, outcome, records: listing.records.length, recordsEnd: listing.recordsEnd, faults: listing.faults });
  if (!listing.header) {
    await setAside(fs, path, 'quarantine');
    return done('quarantined');
  }
  if (listing.records.length === 0) {
    await setAside(fs, path, 'trash');
    return done('empty');
  }
  const sealedBytes = await seal(fs, listing);
  await indexPack(index, listing, { sealed: sealedBytes !== null, indexedBytes: sealedBytes ?? listing.recordsEnd, isLive: true });
  return done(sealedBytes === null ? 'left-open' : 'sealed');
}

/** @returns bytes of the sealed file; null when there is no space for its footer, and the pack stays where it is, readable. */
async function seal(fs: StoreFs, listing: PackListing): Promise<number | null> {
  const { packId, header, fileLengthBytes } = listing;
  if (listing.listedBy === 'footer') {
    try {
      await moveToSealed(fs, packId);
      return fileLengthBytes;
    } catch (error) {
      if (isNoSpace(error)) return null;
      throw error;
    }
  }
  if (!header) return null;
  const records: readonly FooterEntry[] = listing.footerEntries;
  // The footer goes behind everything that is there, torn bytes included: they may be all that is left of something.
  const pack = await OpenPack.resume(fs, header, { records, endBytes: alignUp(fileLengthBytes, RECORD_ALIGN_BYTES) });
  return pack.seal();
}

async function syncBeforeReading(fs: StoreFs, path: string): Promise<void> {
  const file = await fs.open(path, 'write');
  try {
    await syncFile(file, path);
  } finally {
    await file.close();
  }
}

async function setAside(fs: StoreFs, path: string, directory: 'quarantine' | 'trash'): Promise<void> {
  await fs.rename(path, `${directory}/${path.slice(path.lastIndexOf('/') + 1)}`);
  await syncDirectory(fs, directory);
  await syncDirectory(fs, openDirectory);
}

