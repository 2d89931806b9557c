import type { Digest, Extent, MapEntry } from '@lifeboat/model';
import { endOf } from '@lifeboat/model';

/** Walks the base map of a volume beside the reading, so that a chunk can be compared without any wait. Offsets only ever grow. */
export class BaseCursor {
  private window: MapEntry[] = [];
  private readonly chunks = new Map<number, MapEntry & { kind: 'data' }>();
  private ended = false;

  constructor(private readonly source: AsyncIterator<readonly MapEntry[]>) {}

  /** Makes the entries that touch `range` available. */
  async load(range: Extent): Promise<void> {
    this.window = this.window.filter((entry) => endOf(entry) > range.offsetBytes);
    while (!this.ended && this.coveredTo() < endOf(range)) {
      const next = await this.source.next();
      if (next.done === true) this.ended = true;
      else this.window.push(...next.value.filter((entry) => endOf(entry) > range.offsetBytes));
    }
    this.chunks.clear();
    for (const entry of this.window) {
      if (entry.offsetBytes >= endOf(range)) break;
      if (entry.kind === 'data') this.chunks.set(entry.offsetBytes, entry);
    }
  }

  /** True when the base has exactly this chunk at exactly this place. */
  hasChunk(range: Extent, digest: Digest): boolean {
    const entry = this.chunks.get(range.offsetBytes);
    return entry?.lengthBytes === range.lengthBytes && entry.digest === digest;
  }

  /** True when the base has content in `range`, so that zeros there are a change. */
  hasContent(range: Extent): boolean {
    return this.window.some((entry) => entry.offsetBytes < endOf(range) && endOf(entry) > range.offsetBytes && (entry.kind === 'data' || entry.kind === 'unreadable'));
  }

  async close(): Promise<void> {
    await this.source.return?.();
  }

  private coveredTo(): number {
    const last = this.window.at(-1);
    return last ? endOf(last) : -1;
  }
}
