import { setImmediate as nextTurn } from 'node:timers/promises';
import { decodeIndexPage, PageInvalid, type Digest, type IndexPage, type InnerEntry, type MapEntry, type PageSource } from '@lifeboat/model';

/** Deepest tree a reader follows, as in the model's own readers. */
const levelsMax = 8;
/** Cached pages come without waiting; after so many the event loop gets a turn. */
const pagesPerTurn = 16;

/** A child page that could not be used, with the range of the volume it stands for. */
export type LostPage = Readonly<{ digest: Digest; offsetBytes: number; lengthBytes: number; error: unknown }>;

/** What a walk meets. */
export type ClosureVisitor = Readonly<{
  getPage: PageSource;
  /** Asked before a page is read; false skips it and everything below. */
  enter(digest: Digest): boolean;
  /** Each chunk of the pages walked, in the order of the volume. */
  onChunk(entry: MapEntry & { kind: 'data' }): void;
  /** A page that cannot be read or breaks the rules; without this the walk ends with its error. */
  onLostPage?(page: LostPage): void;
  /** After a page and all below it. */
  leave?(digest: Digest): void;
}>;

/**
 * Walks the pages and chunks a volume's map names, parents first, and checks what reading the map relies on: levels fall by one, children cover exactly
 * the range their parent says, the root covers the volume.
 *
 * @throws PageInvalid (PAGE_INVALID) and what `getPage` throws, unless `onLostPage` takes them.
 */
export async function walkClosure(root: Readonly<{ digest: Digest; lengthBytes: number }>, visitor: ClosureVisitor, signal?: AbortSignal): Promise<void> {
  let pages = 0;
  const visit = async (place: Omit<LostPage, 'error'>, level: number | null): Promise<void> => {
    if (!visitor.enter(place.digest)) return;
    signal?.throwIfAborted();
    pages += 1;
    if (pages % pagesPerTurn === 0) await nextTurn();
    const page = await load(place, level, visitor);
    if (!page) return;
    for (const entry of page.entries) {
      if (entry.kind === 'page') await visit(entry, page.level - 1);
      else if (entry.kind === 'data') visitor.onChunk(entry);
    }
    visitor.leave?.(place.digest);
  };
  await visit({ digest: root.digest, offsetBytes: 0, lengthBytes: root.lengthBytes }, null);
}

async function load(place: Omit<LostPage, 'error'>, level: number | null, visitor: ClosureVisitor): Promise<IndexPage | undefined> {
  try {
    const page = decodeIndexPage(await visitor.getPage(place.digest));
    assertFits(page, place, level);
    return page;
  } catch (error) {
    if (!visitor.onLostPage) throw error;
    visitor.onLostPage({ digest: place.digest, offsetBytes: place.offsetBytes, lengthBytes: place.lengthBytes, error });
    return undefined;
  }
}

function assertFits(page: IndexPage, place: Omit<LostPage, 'error'>, level: number | null): void {
  const first: MapEntry | InnerEntry | undefined = page.entries[0];
  const last: MapEntry | InnerEntry | undefined = page.entries.at(-1);
  if (level === null ? page.level > levelsMax : page.level !== level) throw new PageInvalid('page level');
  if (!first || !last || first.offsetBytes !== place.offsetBytes || last.offsetBytes + last.lengthBytes !== place.offsetBytes + place.lengthBytes) {
    throw new PageInvalid('page range');
  }
}
