import type { Extent, FilesystemType, MachineId, RestorePointId } from '@lifeboat/model';

/** A volume of a restore point, to be read where it is readable. */
export interface DamagedVolumeReader {
  readonly machineId: MachineId;
  readonly pointId: RestorePointId;
  readonly volumeId: string;
  readonly filesystem: FilesystemType;
  readonly lengthBytes: number;
  /** Fills `target` with the bytes from `offsetBytes`, zeros where the point has none. @returns the ranges that are lost: sorted, merged, in bytes of the volume, zeroed in `target`. */
  read(target: Uint8Array, offsetBytes: number): Promise<readonly Extent[]>;
}

/** A part of a file that lies in a lost range, `extent` in bytes of the volume; `fileOffsetBytes` is null for the file's map or attributes. */
export type DamagedFile = Readonly<{ path: string; fileOffsetBytes: number | null; extent: Extent }>;

/**
 * Says whose bytes some ranges of a volume are. The store knows no filesystems: whoever opens it may bring this.
 * @returns nothing for ranges that belong to no file, or filesystems it cannot read.
 */
export type FilePaths = (volume: DamagedVolumeReader, extents: readonly Extent[]) => Promise<readonly DamagedFile[]>;
