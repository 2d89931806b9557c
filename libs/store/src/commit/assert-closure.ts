import type { Digest, PageSource, RestorePointManifest } from '@lifeboat/model';
import { ChunkMissing, PointClosureBroken } from '../errors.js';
import type { ChunkPlace } from '../index/chunk-index.js';
import { walkClosure } from './walk-closure.js';

const missingListedMax = 100;

/**
 * Checks that every page and chunk a manifest names is in the store with the length its map says.
 * Shared pages are walked once. Cost: reads every distinct page of the point, looks up every chunk; memory grows with the number of pages.
 *
 * @throws PointClosureBroken (POINT_CLOSURE_BROKEN), ChunkDamaged (CHUNK_DAMAGED) or PageInvalid (PAGE_INVALID) for unusable pages.
 */
export async function assertClosure(manifest: RestorePointManifest, find: (digest: Digest) => ChunkPlace | undefined, readPage: PageSource): Promise<void> {
  const entered = new Set<Digest>();
  const missing = new Set<Digest>();
  let missingCount = 0;
  const miss = (digest: Digest): void => {
    missingCount += 1;
    if (missing.size < missingListedMax) missing.add(digest);
  };
  for (const disk of manifest.disks) {
    for (const volume of disk.volumes) {
      await walkClosure({ digest: volume.mapRoot, lengthBytes: volume.lengthBytes }, {
        getPage: readPage,
        enter: (digest) => {
          if (entered.has(digest)) return false;
          entered.add(digest);
          if (find(digest)) return true;
          miss(digest);
          return false;
        },
        onChunk: (entry) => {
          if (find(entry.digest)?.lengthBytes !== entry.lengthBytes) miss(entry.digest);
        },
        onLostPage: ({ digest, error }) => {
          if (!(error instanceof ChunkMissing)) throw error;
          miss(digest);
        },
      });
    }
  }
  if (missingCount > 0) throw new PointClosureBroken([...missing], missingCount);
}
