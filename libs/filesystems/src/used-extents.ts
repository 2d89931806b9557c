import type { Extent, FilesystemType, Warning } from '@lifeboat/model';

/**
 * Why the bytes of a volume at rest may not belong together. `FS_NEEDS_RECOVERY` the journal holds changes that are not in place ·
 * `FS_HAS_ERRORS` the kernel found damage · `FS_NOT_CLEANLY_UNMOUNTED` it was in use when the power went, or still is.
 */
export type UncleanReason = Readonly<{ code: 'FS_NEEDS_RECOVERY' | 'FS_HAS_ERRORS' | 'FS_NOT_CLEANLY_UNMOUNTED'; message: string }>;

/** Which bytes of a volume have to be kept. */
export type UsedExtents = Readonly<{
  filesystem: FilesystemType;
  label: string | null;
  /** As `blkid` prints it. */
  uuid: string | null;
  /** Granularity of `used`: filesystem block, swap page, or sector. */
  blockSizeBytes: number;
  /** Sorted, merged, relative to the volume; includes the bytes between the end of the filesystem and that of the volume. Never too little. */
  used: readonly Extent[];
  clean: boolean;
  uncleanReason: UncleanReason | null;
  /** Bytes of `used` that are there only because a structure could not be trusted or the list would have become too long. */
  overReportedBytes: number;
  warnings: readonly Warning[];
  /** Files whose contents are not in `used` because of {@link ReadOptions}; they read as zeros after a restore. Missing where nothing can be left out. */
  leftOut?: readonly LeftOutFile[];
  /**
   * `bitmap` from the filesystem's allocation maps · `header-only` all but the listed bytes is worthless ·
   * `all-non-zero` nothing is known: the whole volume is listed, and blocks of zeros may be dropped when read.
   */
  mode: 'bitmap' | 'all-non-zero' | 'header-only';
}>;

/** A file whose contents are not kept, with the bytes that saves. */
export type LeftOutFile = Readonly<{ path: string; lengthBytes: number }>;

/** What may be left out. */
export type ReadOptions = Readonly<{
  /** Leave out the contents of pagefile.sys, swapfile.sys and hiberfil.sys of a Windows that is shut down fully. The default keeps them. */
  leaveOutPageFiles?: boolean;
}>;

/** What a volume holds, told by its signature. */
export type FilesystemIdentity = Pick<UsedExtents, 'filesystem' | 'label' | 'uuid'>;
