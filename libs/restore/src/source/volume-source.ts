import type { Digest, DiskManifest, Extent, MapEntry, RestorePointManifest, VolumeManifest } from '@lifeboat/model';

/**
 * Bytes of a volume as they come back. Offsets are relative to the volume's first byte.
 *
 * `data` was verified by digest, holds one or more neighbouring chunks and belongs to the receiver · `zero` reads as zeros ·
 * `unallocated` has no defined content · `unreadable` could not be read from the source disk when it was backed up ·
 * `damaged` was backed up, but its bytes cannot be had from the store any more.
 */
export type RestoredRun =
  | Readonly<{ kind: 'data'; offsetBytes: number; lengthBytes: number; bytes: Uint8Array }>
  | Readonly<{ kind: 'zero' | 'unallocated' | 'unreadable' | 'damaged'; offsetBytes: number; lengthBytes: number }>;

/** An entry of a volume's map as a source knows it; `damaged` covers places whose map itself is lost. */
export type KnownEntry = MapEntry | Readonly<{ kind: 'damaged'; offsetBytes: number; lengthBytes: number }>;

/**
 * Where a restore takes its bytes from. Volumes are numbered through all disks of the manifest, see {@link listVolumes}.
 * One read at a time per source; whoever opened the source closes it.
 */
export interface VolumeSource {
  readonly manifest: RestorePointManifest;
  /**
   * Reads `range` (default: the whole volume) in order and without gap.
   * A read of the whole volume also proves the map: its page tree is rebuilt and compared with the manifest.
   *
   * @throws RestoreRootMismatch (RESTORE_ROOT_MISMATCH) at the end of a whole-volume read, RestoreConnectionLost, RestoreAnswerInvalid.
   */
  read(volume: number, range?: Extent): AsyncIterable<RestoredRun>;
  /** The map entries that touch `range`, without bytes: chunks come whole, runs are cut to the range. Same proof as {@link read}. */
  readMap(volume: number, range?: Extent): AsyncIterable<KnownEntry>;
  close(): Promise<void>;
}

/** A volume with its disk and the number it has on the data plane. */
export type NumberedVolume = Readonly<{ number: number; disk: DiskManifest; volume: VolumeManifest }>;

/** The volumes of a point in the order in which the data plane numbers them: disk by disk, each disk's volumes as the manifest lists them. */
export function listVolumes(manifest: RestorePointManifest): NumberedVolume[] {
  const listed: NumberedVolume[] = [];
  for (const disk of manifest.disks) for (const volume of disk.volumes) listed.push({ number: listed.length, disk, volume });
  return listed;
}

/** A chunk that a map names. */
export type DataEntry = Readonly<{ kind: 'data'; offsetBytes: number; lengthBytes: number; digest: Digest }>;
