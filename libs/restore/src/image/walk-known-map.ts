import { decodeIndexPage, endOf, PageInvalid, type Digest, type Extent, type IndexPage, type VolumeManifest } from '@lifeboat/model';
import type { KnownEntry } from '../source/volume-source.js';

/** Deepest tree that is followed; level 6 would cover more than 2^73 bytes. */
const levelsMax = 8;

/** Page bytes by digest, verified; null when the page is lost. */
export type FindPage = (digest: Digest) => Promise<Uint8Array | null>;

/**
 * Walks the entries of a volume's map that touch `range` down its page tree. A page that is lost or breaks the rules is one `damaged` entry over the
 * bytes it maps; the rest of the map goes on. Never throws for what a page holds.
 */
export async function* walkKnownMap(findPage: FindPage, volume: Pick<VolumeManifest, 'mapRoot' | 'lengthBytes'>, range: Extent): AsyncGenerator<KnownEntry> {
  yield* walkSubtree(findPage, { digest: volume.mapRoot, extent: { offsetBytes: 0, lengthBytes: volume.lengthBytes }, level: null }, range);
}

type Subtree = Readonly<{ digest: Digest; extent: Extent; level: number | null }>;

async function* walkSubtree(findPage: FindPage, subtree: Subtree, range: Extent): AsyncGenerator<KnownEntry> {
  const page = decodeFitting(await findPage(subtree.digest), subtree);
  if (!page) {
    const { offsetBytes, lengthBytes } = subtree.extent;
    yield { kind: 'damaged', offsetBytes, lengthBytes };
    return;
  }
  for (const entry of page.entries) {
    if (endOf(entry) <= range.offsetBytes) continue;
    if (entry.offsetBytes >= endOf(range)) return;
    if (entry.kind === 'page') yield* walkSubtree(findPage, { digest: entry.digest, extent: entry, level: page.level - 1 }, range);
    else yield entry;
  }
}

/** The page when it maps exactly the subtree's bytes, else null. */
function decodeFitting(bytes: Uint8Array | null, { extent, level }: Subtree): IndexPage | null {
  if (!bytes) return null;
  try {
    const page = decodeIndexPage(bytes);
    const last = page.entries.at(-1);
    const levelFits = level === null ? page.level <= levelsMax : page.level === level;
    return levelFits && page.entries[0]?.offsetBytes === extent.offsetBytes && last && endOf(last) === endOf(extent) ? page : null;
  } catch (error) {
    if (error instanceof PageInvalid) return null;
    throw error;
  }
}
