import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLifeboatError, type Digest, type PackId } from '@lifeboat/model';
import { errnoOf } from '../fs/errno.js';
import type { StoreFs } from '../fs/store-fs.js';
import type { ChunkPlace } from '../index/chunk-index.js';
import { listRecords, type PackListing } from '../pack/list-records.js';
import { openPathOf, sealedPathOf } from '../pack/pack-paths.js';
import type { SegmentReader } from '../pack/segment-reader.js';
import { listPacks } from '../recovery/reconcile-index.js';
import type { Wants } from './wants.js';

/** What twins are looked for with; `isPresent` tells which packs may be relied upon. */
export type TwinSearch = Readonly<{ fs: StoreFs; reader: SegmentReader; wants: Wants; isPresent: (packId: PackId) => boolean }>;

/**
 * Looks in all sealed packs for further copies of lost content: pages are stored twice, and a crash between repair and quarantine leaves copies that the index
 * does not name. Each copy is read and verified before it counts.
 *
 * Cost: reads every footer of the store; only done when something was lost.
 */
export async function findTwins(digests: ReadonlySet<Digest>, { fs, reader, wants, isPresent }: TwinSearch): Promise<Map<Digest, ChunkPlace>> {
  const found = new Map<Digest, ChunkPlace>();
  for (const [packId, path] of await listPacks(fs)) {
    if (found.size === digests.size) break;
    if (path === openPathOf(packId) || !isPresent(packId)) continue;
    const listing = await listIfReadable(fs, packId);
    await nextTurn();
    for (const { recordOffset, entries } of listing?.records ?? []) {
      for (const [entry, { digest, lengthBytes }] of entries.entries()) {
        const place: ChunkPlace = { packId, recordOffset, entry, lengthBytes };
        if (!digests.has(digest) || found.has(digest) || wants.isRotten(digest, place)) continue;
        if (await isReadable(reader, digest, place)) found.set(digest, place);
      }
    }
  }
  return found;
}

/** A pack whose footer cannot be read has no twins to offer now; its own scrub says what is wrong with it. */
async function listIfReadable(fs: StoreFs, packId: PackId): Promise<PackListing | null> {
  try {
    return await listRecords(fs, sealedPathOf(packId), packId);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}

async function isReadable(reader: SegmentReader, digest: Digest, place: ChunkPlace): Promise<boolean> {
  try {
    await reader.read(digest, place);
    return true;
  } catch (error) {
    if (!isLifeboatError(error)) throw error;
    return false;
  }
}
