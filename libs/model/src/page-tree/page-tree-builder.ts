import { assertInvariant } from '../errors/errors.js';
import type { Digest, DigestOf } from '../ids/digest.js';
import type { MapCounts } from '../restore-point/manifest.js';
import { encodeIndexPage, PAGE_ENTRIES_MAX } from './index-page.js';
import type { InnerEntry, MapEntry } from './map-entry.js';

/** Bytes of a volume that one leaf page covers: 128 chunks of 64 KiB, so that a single changed chunk rewrites about 4 KiB of map. */
export const leafSpanBytes = 8 * 1024 * 1024;

type Entry = MapEntry | InnerEntry;

/** Called for each finished page, children before parents. `bytes` belongs to the callee. */
export type OnPage = (page: Readonly<{ level: number; digest: Digest; bytes: Uint8Array }>) => void;

/**
 * Builds the page tree of one volume from its map entries in order, holding at most one page's worth of entries per level.
 *
 * The tree is canonical: equal content gives equal pages on agent and server, however the runs were split on the way. A page covers an
 * aligned span (8 MiB at level 0, 512 times more at each level above), so a change touches only the pages above it; a span with more than
 * 512 entries is halved until each page fits. A chunk belongs to the span in which it begins.
 */
export class PageTreeBuilder {
  private readonly levels: LevelCollector[];
  private nextOffsetBytes = 0;
  private readonly counted = { dataBytes: 0, zeroBytes: 0, unallocatedBytes: 0, unreadableBytes: 0 };

  constructor(
    private readonly volumeLengthBytes: number,
    private readonly digestOf: DigestOf,
    private readonly onPage: OnPage,
  ) {
    assertInvariant(volumeLengthBytes > 0 && Number.isSafeInteger(volumeLengthBytes), 'a volume map covers at least one byte');
    this.levels = [];
    let spanBytes = leafSpanBytes;
    this.levels.push(new LevelCollector(spanBytes));
    while (spanBytes < volumeLengthBytes) {
      spanBytes *= PAGE_ENTRIES_MAX;
      this.levels.push(new LevelCollector(spanBytes));
    }
  }

  /** The first byte not yet covered by a pushed entry. */
  get coveredBytes(): number {
    return this.nextOffsetBytes;
  }

  /** Bytes seen so far by kind. */
  get counts(): MapCounts {
    return { ...this.counted };
  }

  /** Adds the entry that follows the last one; gaps, overlaps and entries beyond the volume are defects of the caller. */
  push(entry: MapEntry): void {
    assertInvariant(entry.offsetBytes === this.nextOffsetBytes, 'map entries follow each other without gap', { expected: this.nextOffsetBytes, actual: entry.offsetBytes });
    this.nextOffsetBytes += entry.lengthBytes;
    assertInvariant(entry.lengthBytes > 0 && this.nextOffsetBytes <= this.volumeLengthBytes, 'a map entry lies inside its volume');
    this.counted[`${entry.kind}Bytes`] += entry.lengthBytes;
    this.pushAt(0, entry);
  }

  /** Writes the remaining pages and returns the root's digest. The map must be complete. */
  finish(): Digest {
    assertInvariant(this.nextOffsetBytes === this.volumeLengthBytes, 'a map covers its whole volume', { covered: this.nextOffsetBytes, volume: this.volumeLengthBytes });
    const top = this.levels.length - 1;
    for (let level = 0; level < top; level += 1) this.flush(level);
    let rootEntries = this.levels[top]?.take() ?? [];
    let level = top;
    // A root span with too many entries gets one more level above it.
    while (rootEntries.length > PAGE_ENTRIES_MAX) {
      rootEntries = this.writePages(level, rootEntries, this.levels[top]?.spanBytes ?? leafSpanBytes);
      level += 1;
    }
    return this.writePage(level, rootEntries);
  }

  private pushAt(level: number, entry: Entry): void {
    const collector = this.levels[level];
    assertInvariant(collector !== undefined, 'the tree has a level for every entry');
    for (const piece of collector.split(entry)) {
      if (collector.isNextSpan(piece)) this.flush(level);
      // Whole spans of one run need no page here; going up at once keeps an empty disk of 16 TiB from costing millions of steps.
      if (level < this.levels.length - 1 && collector.isWholeSpans(piece)) this.pushAt(level + 1, piece);
      else collector.add(piece);
    }
  }

  private flush(level: number): void {
    const collector = this.levels[level];
    const entries = collector?.take() ?? [];
    if (!collector || entries.length === 0 || level === this.levels.length - 1) {
      assertInvariant(entries.length === 0, 'the root span is flushed only at the end');
      return;
    }
    for (const entry of this.writePages(level, entries, collector.spanBytes)) this.pushAt(level + 1, entry);
  }

  /** Pages for the entries of one span: the span is halved until each part fits; a part that is a single run needs no page. */
  private writePages(level: number, entries: Entry[], spanBytes: number): InnerEntry[] {
    const only = entries[0];
    if (entries.length === 1 && only && only.kind !== 'data' && only.kind !== 'page') return [only];
    if (entries.length <= PAGE_ENTRIES_MAX) {
      const first = entries[0];
      const last = entries.at(-1);
      assertInvariant(first !== undefined && last !== undefined, 'a span has entries');
      const lengthBytes = last.offsetBytes + last.lengthBytes - first.offsetBytes;
      return [{ kind: 'page', offsetBytes: first.offsetBytes, lengthBytes, digest: this.writePage(level, entries) }];
    }
    const half = spanBytes / 2;
    const middle = Math.floor((entries.at(-1)?.offsetBytes ?? 0) / spanBytes) * spanBytes + half;
    const left = entries.filter((entry) => entry.offsetBytes < middle);
    const right = entries.filter((entry) => entry.offsetBytes >= middle);
    return [...(left.length > 0 ? this.writePages(level, left, half) : []), ...(right.length > 0 ? this.writePages(level, right, half) : [])];
  }

  private writePage(level: number, entries: readonly Entry[]): Digest {
    const bytes = encodeIndexPage(level, entries);
    const digest = this.digestOf(bytes);
    this.onPage({ level, digest, bytes });
    return digest;
  }
}

/** Gathers the entries of one level's current span, joining neighbouring runs of the same kind. */
class LevelCollector {
  private entries: Entry[] = [];
  private spanIndex = 0;

  constructor(readonly spanBytes: number) {}

  /** Cuts a run into the rest of the span it begins in, whole spans in one piece, and the beginning of the span it ends in; chunks and pages stay whole. */
  *split(entry: Entry): Generator<Entry> {
    const { kind } = entry;
    if (kind === 'data' || kind === 'page') {
      yield entry;
      return;
    }
    const end = entry.offsetBytes + entry.lengthBytes;
    const firstBorder = Math.ceil(entry.offsetBytes / this.spanBytes) * this.spanBytes;
    const lastBorder = Math.floor(end / this.spanBytes) * this.spanBytes;
    const borders = firstBorder > lastBorder ? [] : [firstBorder, lastBorder];
    let offsetBytes = entry.offsetBytes;
    for (const border of [...borders, end]) {
      if (border > offsetBytes) yield { kind, offsetBytes, lengthBytes: border - offsetBytes };
      offsetBytes = Math.max(offsetBytes, border);
    }
  }

  /** Tells whether a run covers nothing but whole spans. */
  isWholeSpans(entry: Entry): boolean {
    return entry.kind !== 'data' && entry.kind !== 'page' && entry.offsetBytes % this.spanBytes === 0 && entry.lengthBytes % this.spanBytes === 0;
  }

  isNextSpan(entry: Entry): boolean {
    return this.entries.length > 0 && Math.floor(entry.offsetBytes / this.spanBytes) !== this.spanIndex;
  }

  add(entry: Entry): void {
    const last = this.entries.at(-1);
    if (this.entries.length === 0) this.spanIndex = Math.floor(entry.offsetBytes / this.spanBytes);
    if (last && last.kind === entry.kind && entry.kind !== 'data' && entry.kind !== 'page') {
      this.entries[this.entries.length - 1] = { kind: entry.kind, offsetBytes: last.offsetBytes, lengthBytes: last.lengthBytes + entry.lengthBytes };
    } else this.entries.push(entry);
  }

  take(): Entry[] {
    const taken = this.entries;
    this.entries = [];
    return taken;
  }
}
