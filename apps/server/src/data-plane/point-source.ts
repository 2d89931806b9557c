import { decodeIndexPage, endOf, isLifeboatError, PageInvalid, type Digest, type Extent, type IndexPage, type PageSource, type RestorePointManifest } from '@lifeboat/model';
import type { Store } from '@lifeboat/store';
import type { ReadableEntry, ReadSource } from './read-source.js';

/** Deepest tree that is followed; level 6 would cover more than 2^73 bytes. */
const levelsMax = 8;
/** The store's ways to say that bytes are lost. Anything else, e.g. a disk that does not answer, ends the transfer and may be tried again. */
const lossCodes = new Set(['CHUNK_MISSING', 'CHUNK_DAMAGED', 'PAGE_MISSING', 'PAGE_DAMAGED', 'PAGE_INVALID', 'STORED_BYTES_INVALID', 'STORE_SHORT_READ']);

/** Reads a restore point so that a damaged page or chunk costs its own range and nothing more. */
export function pointSource(store: Pick<Store, 'readPage' | 'readChunk'>, manifest: RestorePointManifest): ReadSource {
  const volumes = manifest.disks.flatMap((disk) => disk.volumes);
  return {
    volumeLengths: volumes.map((volume) => volume.lengthBytes),
    async *entries(volume, range) {
      const found = volumes[volume];
      if (found) yield* readSubtree(store.readPage, { digest: found.mapRoot, extent: { offsetBytes: 0, lengthBytes: found.lengthBytes }, level: null }, range);
    },
    readChunk: (digest) => undefinedWhenLost(() => store.readChunk(digest)),
  };
}

type Subtree = Readonly<{ digest: Digest; extent: Extent; level: number | null }>;

/** Walks like `walkMap`, except that a page that cannot be had is one `damaged` entry over the bytes it maps. */
async function* readSubtree(getPage: PageSource, subtree: Subtree, range: Extent): AsyncGenerator<ReadableEntry> {
  const page = await undefinedWhenLost(async () => assertPage(decodeIndexPage(await getPage(subtree.digest)), subtree));
  if (!page) {
    const { offsetBytes, lengthBytes } = subtree.extent;
    yield { kind: 'damaged', offsetBytes, lengthBytes };
    return;
  }
  for (const entry of page.entries) {
    if (endOf(entry) <= range.offsetBytes) continue;
    if (entry.offsetBytes >= endOf(range)) return;
    if (entry.kind === 'page') yield* readSubtree(getPage, { digest: entry.digest, extent: entry, level: page.level - 1 }, range);
    else yield entry;
  }
}

function assertPage(page: IndexPage, subtree: Subtree): IndexPage {
  const { extent, level } = subtree;
  const last = page.entries.at(-1);
  if (level === null ? page.level > levelsMax : page.level !== level) throw new PageInvalid('level');
  if (page.entries[0]?.offsetBytes !== extent.offsetBytes || !last || endOf(last) !== endOf(extent)) throw new PageInvalid('range');
  return page;
}

async function undefinedWhenLost<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isLifeboatError(error) && lossCodes.has(error.code)) return undefined;
    throw error;
  }
}
