import type { ChunkIndex } from '../index/chunk-index.js';
import type { Reserve } from './reserve.js';

/** The index, whose writes may use the reserve: a full disk must neither keep a store from opening nor a collection from going on. */
export function indexOnReserve(index: ChunkIndex, reserve: Reserve): ChunkIndex {
  return {
    find: (digest) => index.find(digest),
    has: (digest) => index.has(digest),
    write: (batch) => reserve.whileReleasing(() => index.write(batch)),
    replace: (batch) => reserve.whileReleasing(() => index.replace(batch)),
    removePack: (packId, digests) => reserve.whileReleasing(() => index.removePack(packId, digests)),
    placesIn: (packId) => index.placesIn(packId),
    packs: () => index.packs(),
    totals: () => index.totals(),
    clear: () => reserve.whileReleasing(() => index.clear()),
    close: () => index.close(),
  };
}
