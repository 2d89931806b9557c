/**
 * An open file of the store. Positions are bytes from the file's start; there is no implicit position.
 * Whoever opens it closes it.
 */
export interface StoreFile {
  /** Reads up to `target.length` bytes at `position`; resolves with how many. 0 only at or after the end of the file. */
  readAt(target: Uint8Array, position: number): Promise<number>;
  /** Writes up to `source.length` bytes at `position`; resolves with how many, at least 1. */
  writeAt(source: Uint8Array, position: number): Promise<number>;
  /** fdatasync: everything written is on stable storage when it resolves. After a rejection nothing may be believed. */
  sync(): Promise<void>;
  /** Cuts or zero-extends the file to `lengthBytes`. */
  truncate(lengthBytes: number): Promise<void>;
  /** The file's length in bytes. */
  size(): Promise<number>;
  close(): Promise<void>;
}

/** What a name stands for; `other` is neither a file nor a directory (a link, a socket, …) and is never followed. */
export type StoreFileStat = Readonly<{ kind: 'file' | 'directory' | 'other'; sizeBytes: number }>;

/** Space of the filesystem that holds the store. */
export type StoreSpace = Readonly<{ totalBytes: number; freeBytes: number; totalInodes: number; freeInodes: number }>;

/** `read` an existing file · `write` an existing file for reading and writing · `create` a file that must not exist, for reading and writing. */
export type OpenMode = 'read' | 'write' | 'create';

/**
 * All file operations of the store. Paths are relative to the store's directory, parts joined by `/`, without `.` and `..`; `''` is the directory itself.
 * Errors are Node's, with `code` such as `ENOENT`, `EEXIST`, `ENOSPC`, `EIO`. Names become durable with `syncDir`, bytes with {@link StoreFile.sync}.
 */
export interface StoreFs {
  open(path: string, mode: OpenMode): Promise<StoreFile>;
  /**
   * Opens an existing file for reading past the page cache, so that what is read is what the medium holds; null where that cannot be done, and absent where it
   * never can. Buffers are page aligned, positions and lengths multiples of 4096; anything else fails with `EINVAL`.
   */
  openUncached?(path: string): Promise<StoreFile | null>;
  /** Replaces `to` when it exists. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes one directory; does nothing when it exists. The parent must exist. */
  mkdir(path: string): Promise<void>;
  /** Names in a directory, sorted by code unit. */
  readDir(path: string): Promise<string[]>;
  /** Makes the names created, renamed and removed in a directory durable. */
  syncDir(path: string): Promise<void>;
  /** `null` when nothing has that name. Does not follow links. */
  stat(path: string): Promise<StoreFileStat | null>;
  statfs(): Promise<StoreSpace>;
  exists(path: string): Promise<boolean>;
}
