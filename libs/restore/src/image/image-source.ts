import type { Extent, RestorePointManifest } from '@lifeboat/model';
import type { DataEntry, KnownEntry } from '../source/volume-source.js';

/**
 * What a disk image reads from: the maps and chunks of one restore point, in any order. Calls may overlap in time. Volumes are numbered as
 * `listVolumes` does. Whoever opened the source closes it.
 */
export interface ImageSource {
  readonly manifest: RestorePointManifest;
  /** The map entries that touch `range`, in order and without gap: chunks come whole, runs may reach beyond the range. Reads only the pages on the way. */
  readMap(volume: number, range: Extent): AsyncIterable<KnownEntry>;
  /**
   * The bytes of chunks of one volume, each verified against its digest, in the order of `chunks`; null where they cannot be had any more.
   * They may be views of shared buffers: read them, do not change them.
   *
   * @param chunks sorted by offset, 4 MiB in total at most.
   */
  readChunks(volume: number, chunks: readonly DataEntry[]): Promise<readonly (Uint8Array | null)[]>;
  close(): Promise<void>;
}
