import type { Digest, Extent, MapEntry } from '@lifeboat/model';

/** An entry of an answer; `damaged` says that the map or the bytes are lost although they were backed up. */
export type ReadableEntry = MapEntry | Readonly<{ kind: 'damaged'; offsetBytes: number; lengthBytes: number }>;

/** What a reading data connection answers from. Volumes are numbered through all disks. */
export interface ReadSource {
  readonly volumeLengths: readonly number[];
  /** Entries that touch `range`, in order and without gap; chunks come whole. */
  entries(volume: number, range: Extent): AsyncIterable<ReadableEntry>;
  /** Verified bytes of a chunk, undefined when they are damaged or missing; null for a source that gives out maps only. */
  readonly readChunk: ((digest: Digest) => Promise<Uint8Array | undefined>) | null;
}
