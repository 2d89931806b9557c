import type { PackId } from '@lifeboat/model';
import type { StoreFs } from '../fs/store-fs.js';
import { ImageMemory } from '../parity/pack-image.js';
import { listRecords, type PackListing } from '../pack/list-records.js';
import { inspectPack, rebuildPack } from '../scrub/inspect-pack.js';

/**
 * As listRecords, but a pack whose footer does not verify is listed as its parity gives it back: otherwise an index made anew would not know what only a damaged
 * pack holds, and nobody would ask the parity for it. The file itself is not changed.
 */
export async function listSealedPack(fs: StoreFs, path: string, packId: PackId): Promise<PackListing> {
  const listing = await listRecords(fs, path, packId);
  if (listing.listedBy === 'footer') return listing;
  const inspection = await inspectPack(packId, { fs, memory: new ImageMemory(), uncached: false, thorough: false, pace: () => Promise.resolve() });
  const { check } = await rebuildPack(inspection);
  const rebuilt = check.listing.listedBy === 'footer' ? check.listing : { ...listing, records: check.records };
  return { ...rebuilt, fileLengthBytes: listing.fileLengthBytes, faults: listing.faults };
}
