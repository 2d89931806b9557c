import type { BlockReader } from '@lifeboat/block-device';
import type { DiskManifest, Extent } from '@lifeboat/model';

/**
 * A run of a disk as an image reads it; offsets are bytes of the disk. `data` may be a view of shared memory: read it, do not change it ·
 * `zero` reads as zeros · `lost` cannot be had: `damaged` in the store, or `unreadable` on the source disk when it was backed up.
 */
export type ImageRun =
  | Readonly<{ kind: 'data'; offsetBytes: number; lengthBytes: number; bytes: Uint8Array }>
  | Readonly<{ kind: 'zero'; offsetBytes: number; lengthBytes: number }>
  | Readonly<{ kind: 'lost'; offsetBytes: number; lengthBytes: number; reason: 'damaged' | 'unreadable'; volumeId: string }>;

/** What a run of a disk is, without its bytes: `data` has content or is lost · `zero` was all zeros · `hole` has no defined content and reads as zeros. */
export type RunState = 'data' | 'zero' | 'hole';
export type RunStatus = Extent & Readonly<{ state: RunState }>;

/** Longest range {@link DiskImage.readRuns} takes. */
export const imageReadBytesMax = 4 * 1024 * 1024;

/**
 * A disk of a restore point as a read-only image, read straight from the store: nothing is restored first. Reads may overlap in time and wait for each
 * other's chunks instead of fetching them twice. As a {@link BlockReader} it throws UnreadableSectors (UNREADABLE_SECTORS) with exactly the lost extents.
 */
export interface DiskImage extends BlockReader {
  readonly disk: DiskManifest;
  /**
   * The runs of `range`, in order and without gap. Every byte of data was verified by the digest of its chunk.
   * @param range inside the disk, at most {@link imageReadBytesMax} long.
   * @throws what the source throws when it cannot be asked, e.g. RestoreConnectionLost; never for lost bytes.
   */
  readRuns(range: Extent): Promise<ImageRun[]>;
  /** What `range` consists of, neighbours of one state joined. Reads maps only, as far as it is iterated. */
  readStatus(range: Extent): AsyncIterable<RunStatus>;
  /** Bytes of chunks and maps in memory now. */
  readonly cachedBytes: number;
}
