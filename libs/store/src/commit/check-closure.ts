import type { Digest, PackId, PageSource, RestorePointManifest } from '@lifeboat/model';
import { ChunkMissing, type MissingRange } from '../errors.js';
import type { ChunkPlace } from '../index/chunk-index.js';
import type { PackStates } from '../pack/pack-states.js';
import type { PackUses } from '../pack/pack-uses.js';
import type { ValidatedPages } from './validated-pages.js';
import { walkClosure } from './walk-closure.js';

/** Ranges that are listed; a point that lacks more is sent anew in several rounds. */
const rangesListedMax = 65_536;

/** What a closure is checked against, all of it under the lock that deletion takes. */
export type ClosurePorts = Readonly<{
  locate: (digest: Digest) => ChunkPlace | undefined; readPage: PageSource; states: PackStates; uses: PackUses; validated: ValidatedPages;
}>;

/** What a point lacks, at most 65,536 ranges in the order of its volumes; the condemned packs it needs; the pages that were looked at. */
export type CheckedClosure = Readonly<{ missing: readonly MissingRange[]; missingCount: number; condemned: readonly PackId[]; pages: ReadonlySet<Digest> }>;

/**
 * Looks up every page and chunk a manifest names, with the length its map says, and notes the packs it relies on so that a running collection leaves them alone.
 * Shared pages are walked once, and not at all when an earlier commit has found everything below them.
 * Cost: reads every distinct page that is not validated, looks up every chunk; memory grows with the number of pages.
 *
 * @throws ChunkDamaged (CHUNK_DAMAGED) or PageInvalid (PAGE_INVALID) for unusable pages.
 */
export async function checkClosure(manifest: RestorePointManifest, { locate, readPage, states, uses, validated }: ClosurePorts): Promise<CheckedClosure> {
  const pages = new Set<Digest>();
  const condemned = new Set<PackId>();
  const missing: MissingRange[] = [];
  let missingCount = 0;
  const rely = (place: ChunkPlace): void => {
    uses.add(place.packId);
    if (states.of(place.packId) === 'condemned') condemned.add(place.packId);
  };
  for (const { volumeId, mapRoot, lengthBytes } of manifest.disks.flatMap((disk) => disk.volumes)) {
    const miss = (range: Omit<MissingRange, 'volumeId'>): void => {
      missingCount += 1;
      if (missing.length < rangesListedMax) missing.push({ volumeId, ...range });
    };
    await walkClosure({ digest: mapRoot, lengthBytes }, {
      getPage: readPage,
      enter: (digest) => {
        if (pages.has(digest) || validated.has(digest)) return false;
        pages.add(digest);
        const place = locate(digest);
        if (place) rely(place);
        return true;
      },
      onChunk: ({ digest, offsetBytes, lengthBytes: chunkBytes }) => {
        const place = locate(digest);
        if (place?.lengthBytes === chunkBytes) rely(place);
        else miss({ kind: 'chunk', digest, offsetBytes, lengthBytes: chunkBytes });
      },
      onLostPage: ({ digest, offsetBytes, lengthBytes: pageSpanBytes, error }) => {
        if (!(error instanceof ChunkMissing)) throw error;
        miss({ kind: 'page', digest, offsetBytes, lengthBytes: pageSpanBytes });
      },
    });
  }
  return { missing, missingCount, condemned: [...condemned], pages };
}
