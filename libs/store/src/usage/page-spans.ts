import { decodeIndexPage, isLifeboatError, type Digest, type IndexPage, type PageSource } from '@lifeboat/model';

/** By which points of a machine, by index, a page is reached; inclusive. `level` 0 holds map entries. */
export type PageSpan = { first: number; last: number; readonly level: number; readonly lengthBytes: number };

/** Codes of errors that say that a page is lost, as opposed to a disk that does not answer. */
const damageCodes = new Set(['CHUNK_MISSING', 'CHUNK_DAMAGED', 'PAGE_INVALID']);

/**
 * The pages of one machine and the runs of points that reach them. Each page is read once when it is first met, however many points share it; what lies below a page that was
 * met again is put right afterwards, from the top down. Memory: about 200 bytes per distinct page, of which there is one for 512 chunks.
 */
export class PageSpans {
  readonly spans = new Map<Digest, PageSpan>();
  /** Pages that could not be read: what they name is not counted. */
  unreadablePages = 0;

  constructor(private readonly getPage: PageSource, private readonly breathe: () => Promise<void>) {}

  /** Adds the map under `root` as one of the point with this index. Points come in ascending order. */
  async addMap(root: Digest, point: number): Promise<void> {
    const known = this.spans.get(root);
    if (known) {
      known.last = point;
      return;
    }
    const page = await this.read(root);
    if (!page) return;
    this.spans.set(root, { first: point, last: point, level: page.level, lengthBytes: page.lengthBytes });
    for (const child of childrenOf(page)) await this.addMap(child, point);
  }

  /** Extends the pages below those that later points share. Call once, when all maps are added. */
  async settle(): Promise<void> {
    const inner = [...this.spans].filter(([, span]) => span.level > 0).sort(([, one], [, other]) => other.level - one.level);
    for (const [digest, { first, last }] of inner) {
      const page = await this.read(digest);
      for (const child of page ? childrenOf(page) : []) {
        const span = this.spans.get(child);
        if (!span) continue;
        span.first = Math.min(span.first, first);
        span.last = Math.max(span.last, last);
      }
    }
  }

  /** Calls `visit` with every chunk that a page names, and the page's run. */
  async forEachChunk(visit: (digest: Digest, lengthBytes: number, span: PageSpan) => void): Promise<void> {
    for (const [digest, span] of this.spans) {
      if (span.level > 0) continue;
      const page = await this.read(digest);
      for (const entry of page?.entries ?? []) if (entry.kind === 'data') visit(entry.digest, entry.lengthBytes, span);
    }
  }

  private async read(digest: Digest): Promise<(IndexPage & Readonly<{ lengthBytes: number }>) | undefined> {
    await this.breathe();
    try {
      const bytes = await this.getPage(digest);
      return { ...decodeIndexPage(bytes), lengthBytes: bytes.length };
    } catch (error) {
      if (!isLifeboatError(error) || !damageCodes.has(error.code)) throw error;
      this.unreadablePages += 1;
      return undefined;
    }
  }
}

function childrenOf(page: IndexPage): Digest[] {
  return page.entries.flatMap((entry) => (entry.kind === 'page' ? [entry.digest] : []));
}
