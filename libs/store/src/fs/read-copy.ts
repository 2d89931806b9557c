import { isLifeboatError } from '@lifeboat/model';
import { errnoOf } from './errno.js';
import { readWhole, syncAndReadWhole } from './file-io.js';
import type { StoreFs } from './store-fs.js';

/** One of several copies of a file: its bytes, null when there is no such file, or why the disk does not give them. */
export type FileCopy = Uint8Array | null | Readonly<{ unreadable: unknown }>;

/** Failures of one file's medium or length; anything else concerns the process or the whole disk and is thrown. */
const unreadableCodes: ReadonlySet<string | undefined> = new Set(['EIO', 'EUCLEAN', 'EBADMSG', 'EISDIR', 'STORE_SHORT_READ', 'STORE_FILE_TOO_LONG']);

/** Tells whether a read failed for reasons that lie in the one file. */
export function isUnreadable(error: unknown): boolean {
  return unreadableCodes.has(isLifeboatError(error) ? error.code : errnoOf(error));
}

/**
 * Reads a file of which there are other copies. A second look tells a bad moment from a bad disk.
 * @param options.sync make it durable before it is read. @throws SyncFailed (STORE_SYNC_FAILED) and errors that are not this file's.
 */
export async function readCopy(fs: StoreFs, path: string, options: Readonly<{ bytesMax: number; sync: boolean }>): Promise<FileCopy> {
  const attempt = async (): Promise<FileCopy> => {
    try {
      return await (options.sync ? syncAndReadWhole : readWhole)(fs, path, options.bytesMax);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return null;
      if (isUnreadable(error)) return { unreadable: error };
      throw error;
    }
  };
  const first = await attempt();
  return isUnreadableCopy(first) ? attempt() : first;
}

/** Narrows a copy to one that exists and cannot be read. */
export function isUnreadableCopy(copy: FileCopy): copy is Readonly<{ unreadable: unknown }> {
  return copy !== null && !(copy instanceof Uint8Array);
}

/** Throws the failure of the first unreadable copy when none could be read: then the disk is ill, not a file. */
export function assertAnyReadable(copies: readonly FileCopy[]): void {
  const failed = copies.find(isUnreadableCopy);
  if (failed && !copies.some((copy) => copy instanceof Uint8Array)) throw failed.unreadable;
}
