import { endOf, LifeboatError, walkMap, type Digest, type Extent, type MapEntry, type PageSource, type RestorePointId } from '@lifeboat/model';
import { BaseDamaged, RefCutsChunk } from '../errors.js';

/** What a volume is compared with: the durable prefix of a resumed session, after it the base point. */
export type VolumeBase = Readonly<{
  point: Readonly<{ pointId: RestorePointId; mapRoot: Digest }> | null;
  /** A map of the whole volume of which only the first `lengthBytes` mean anything. */
  prefix: Readonly<{ mapRoot: Digest; lengthBytes: number }> | null;
}>;

export const hasBase = (base: VolumeBase): boolean => base.point !== null || base.prefix !== null;

/** Errors that say that a page's bytes are gone or wrong, not merely out of reach for the moment. */
const damageCodes: ReadonlySet<string> = new Set(['PAGE_INVALID', 'CHUNK_MISSING', 'CHUNK_DAMAGED', 'STORED_BYTES_INVALID']);

/** Reads the base map of one volume of a session. */
export class BaseMap {
  constructor(
    private readonly volume: Readonly<{ number: number; lengthBytes: number; base: VolumeBase }>,
    private readonly getPage: PageSource,
  ) {}

  /**
   * The base's entries, clipped to `range`, without gaps. Bytes without a base, and what is left of a chunk that `range` or the end of the
   * prefix cuts, come as `unallocated`: nothing is claimed of them.
   * @throws BaseDamaged (BASE_DAMAGED) a page is missing or damaged.
   */
  async *entries(range: Extent): AsyncGenerator<MapEntry> {
    for await (const entry of this.touching(range)) {
      const offsetBytes = Math.max(entry.offsetBytes, range.offsetBytes);
      const lengthBytes = Math.min(endOf(entry), endOf(range)) - offsetBytes;
      if (entry.kind === 'data' && lengthBytes === entry.lengthBytes) yield entry;
      else yield { kind: entry.kind === 'data' ? 'unallocated' : entry.kind, offsetBytes, lengthBytes };
    }
  }

  /**
   * The base's entries that touch `range`: runs cut to it, chunks whole, so that a reader of several ranges never takes a part of a chunk for
   * something else. Only what the end of the prefix leaves of a chunk comes as `unallocated`.
   * @throws BaseDamaged (BASE_DAMAGED) a page is missing or damaged.
   */
  async *touching(range: Extent): AsyncGenerator<MapEntry> {
    const { prefix, point } = this.volume.base;
    const prefixBytes = prefix?.lengthBytes ?? 0;
    const middle = Math.min(Math.max(prefixBytes, range.offsetBytes), endOf(range));
    if (prefix) yield* this.cut(prefix.mapRoot, { offsetBytes: range.offsetBytes, lengthBytes: middle - range.offsetBytes }, 0);
    const rest = { offsetBytes: middle, lengthBytes: endOf(range) - middle };
    if (rest.lengthBytes === 0) return;
    if (point) yield* this.cut(point.mapRoot, rest, prefixBytes);
    else yield { kind: 'unallocated', ...rest };
  }

  /**
   * Refuses a REF whose ends lie inside a chunk of the base. Cost: two walks of one page per level.
   * @throws RefCutsChunk (REF_CUTS_CHUNK), BaseDamaged (BASE_DAMAGED).
   */
  async assertWholeChunks(range: Extent): Promise<void> {
    const prefixEnd = this.volume.base.prefix?.lengthBytes ?? 0;
    for (const offsetBytes of [range.offsetBytes, endOf(range) - 1]) {
      for await (const entry of this.raw(offsetBytes)) {
        // A chunk that the prefix' end cuts is no chunk of this map, see entries().
        const partOfMap = entry.kind === 'data' && !(offsetBytes >= prefixEnd && entry.offsetBytes < prefixEnd);
        if (!partOfMap || (entry.offsetBytes >= range.offsetBytes && endOf(entry) <= endOf(range))) continue;
        throw new RefCutsChunk({ volume: this.volume.number, offsetBytes: range.offsetBytes, chunkOffsetBytes: entry.offsetBytes });
      }
    }
  }

  private async *raw(offsetBytes: number): AsyncGenerator<MapEntry> {
    const { prefix, point } = this.volume.base;
    const root = prefix && offsetBytes < prefix.lengthBytes ? prefix.mapRoot : point?.mapRoot;
    if (root) yield* this.walk(root, { offsetBytes, lengthBytes: 1 });
  }

  /** The entries of a map that touch `range`; a chunk that begins before `fromBytes` does not belong to it. */
  private async *cut(root: Digest, range: Extent, fromBytes: number): AsyncGenerator<MapEntry> {
    if (range.lengthBytes === 0) return;
    for await (const entry of this.walk(root, range)) {
      if (entry.kind === 'data' && entry.offsetBytes >= fromBytes) yield entry;
      else {
        const offsetBytes = Math.max(entry.offsetBytes, range.offsetBytes);
        yield { kind: entry.kind === 'data' ? 'unallocated' : entry.kind, offsetBytes, lengthBytes: Math.min(endOf(entry), endOf(range)) - offsetBytes };
      }
    }
  }

  private async *walk(root: Digest, range: Extent): AsyncGenerator<MapEntry> {
    try {
      yield* walkMap({ root, lengthBytes: this.volume.lengthBytes, getPage: this.getPage }, range);
    } catch (error) {
      if (!(error instanceof LifeboatError) || !damageCodes.has(error.code)) throw error;
      throw new BaseDamaged({ volume: this.volume.number, offsetBytes: range.offsetBytes }, error);
    }
  }
}
