import type { Digest, PackId } from '@lifeboat/model';
import type { StoreFs } from '../fs/store-fs.js';
import type { ChunkIndex, ChunkPlace, IndexedPack } from '../index/chunk-index.js';
import { scanPack, type PackListing } from '../pack/list-records.js';
import type { PackStates } from '../pack/pack-states.js';
import { listSealedPack } from '../repair/list-sealed-pack.js';
import { openDirectory, openPathOf, packIdOf, packsDirectory, sealedPathOf } from '../pack/pack-paths.js';

/** What the index needed at start: packs read into it, and whether it had to begin anew. */
export type IndexReconciliation = Readonly<{ indexedPacks: number; rebuilt: boolean }>;

/**
 * Makes the index hold exactly the packs on disk. Packs it does not know are read from their footers, or scanned; when it knows packs that do not exist, or more of a
 * pack than there is, its content is of another time and it is made anew.
 */
export async function reconcileIndex(fs: StoreFs, index: ChunkIndex, states: PackStates): Promise<IndexReconciliation> {
  const onDisk = await listPacks(fs);
  for (const packId of states.allDeleted()) if (!onDisk.has(packId)) states.forget(packId);
  const rebuilt = await isFromAnotherTime(fs, index, onDisk);
  if (rebuilt) await index.clear();
  const known = new Map(index.packs().map((pack) => [pack.packId, pack]));
  let indexedPacks = 0;
  for (const [packId, path] of onDisk) {
    const isOpen = path === openPathOf(packId);
    // A file of a deleted or quarantined pack was left by a crash; nothing may count on what is in it.
    if ((known.get(packId)?.sealed === true && !isOpen) || !states.isPresent(packId)) continue;
    const listing = await (isOpen ? scanPack : listSealedPack)(fs, path, packId);
    await indexPack(index, listing, { sealed: !isOpen, indexedBytes: isOpen ? listing.recordsEnd : listing.fileLengthBytes, isLive: states.isLive(packId) });
    indexedPacks += 1;
  }
  return { indexedPacks, rebuilt };
}

/** Adds every record of a listed pack to the index. The places of a live pack win over others, those of a condemned one do not. */
export async function indexPack(index: ChunkIndex, listing: PackListing, state: Omit<IndexedPack, 'packId'> & Readonly<{ isLive: boolean }>): Promise<void> {
  const places = new Map<Digest, ChunkPlace>();
  for (const { recordOffset, entries } of listing.records) {
    entries.forEach(({ digest, lengthBytes }, entry) => {
      places.set(digest, { packId: listing.packId, recordOffset, entry, lengthBytes });
    });
  }
  const { isLive, ...pack } = state;
  await index[isLive ? 'replace' : 'write']({ places, packs: [{ packId: listing.packId, ...pack }] });
}

/** Every pack file with its path, sealed ones and those that could not be sealed yet. */
export async function listPacks(fs: StoreFs): Promise<Map<PackId, string>> {
  const found = new Map<PackId, string>();
  for (const directory of await fs.readDir(packsDirectory)) {
    if (!/^[0-9a-f]{2}$/.test(directory)) continue;
    for (const name of await fs.readDir(`${packsDirectory}/${directory}`)) {
      const packId = packIdOf(name, '.pack');
      if (packId?.startsWith(directory) === true) found.set(packId, sealedPathOf(packId));
    }
  }
  // A copy of a store made by a tool that leaves out empty directories is still a store.
  for (const name of (await fs.exists(openDirectory)) ? await fs.readDir(openDirectory) : []) {
    const packId = packIdOf(name, '.open');
    if (packId && !found.has(packId)) found.set(packId, openPathOf(packId));
  }
  return found;
}

async function isFromAnotherTime(fs: StoreFs, index: ChunkIndex, onDisk: ReadonlyMap<PackId, string>): Promise<boolean> {
  for (const pack of index.packs()) {
    const path = onDisk.get(pack.packId);
    if (path === undefined) return true;
    // Sealed files do not change; an open one may have lost what the index was told only if its disk broke a promise.
    const sizeBytes = (await fs.stat(path))?.sizeBytes ?? 0;
    if (pack.sealed ? sizeBytes !== pack.indexedBytes : sizeBytes < pack.indexedBytes) return true;
  }
  return false;
}
