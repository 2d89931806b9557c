import type { Extent, FilesystemType } from '@lifeboat/model';

/** A run of bytes of a file and where it lies: [fileOffsetBytes, + lengthBytes) of the file is [offsetBytes, + lengthBytes) of the volume. */
export type FileExtent = Extent & Readonly<{
  fileOffsetBytes: number;
  /** False when the blocks are reserved only: the file reads as zeros there, whatever they hold. */
  written: boolean;
}>;

/**
 * What a file of a filesystem is made of. Extents are multiples of filesystem blocks, so that the last one may reach beyond `sizeBytes`; holes and
 * contents kept inside the inode have none.
 */
export type MappedFile = Readonly<{
  /**
   * Begins with `/`; the first name found where there are several, and `:stream` is added for a named stream of NTFS. What has no name is called
   * `<journal>`, `<inode 17>` and so on.
   */
  path: string;
  /** Inode number, or number of the file record. */
  inode: number;
  kind: 'file' | 'directory' | 'symlink' | 'other';
  sizeBytes: number;
  /** By ascending `fileOffsetBytes`. */
  extents: readonly FileExtent[];
  /** Blocks of the file that hold its map or its attributes. */
  metadata: readonly Extent[];
  /** False when a part of the map could not be read or makes no sense: there may be more blocks than those listed. */
  complete: boolean;
  /** The same file goes on in what is handed over next, because it has very many extents. */
  continues: boolean;
  /** The bytes of the inode or file record as they are on disk. */
  record: Uint8Array;
}>;

/** A filesystem whose files can be listed. It borrows the volume, which must stay open and at rest. */
export interface OpenedFilesystem {
  readonly filesystem: FilesystemType;
  /**
   * Every file, directory and nameless inode, each once, in no particular order. Memory stays bounded, whatever the volume holds; bad bytes end in
   * files that are not `complete` or in missing paths, never in an error.
   */
  files(): AsyncIterable<MappedFile>;
}

/** Extents handed over at once; a file with more comes in pieces. */
export const EXTENTS_PER_PIECE = 65_536;
