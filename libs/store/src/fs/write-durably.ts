import type { StoreFs } from './store-fs.js';
import { syncDirectory, syncFile, writeFullyAt } from './file-io.js';
import { errnoOf } from './errno.js';

/** Names with this prefix are unfinished writes; nothing reads them. */
export const temporaryPrefix = '.tmp-';

/**
 * Replaces or makes a file so that after a crash either the old or the new content is there, never half: temporary file, write, sync, rename,
 * sync of the directory. The only place that renames over existing names.
 *
 * @param path relative to the store; its directory must exist.
 */
export async function writeDurably(fs: StoreFs, path: string, bytes: Uint8Array): Promise<void> {
  const slash = path.lastIndexOf('/');
  const directory = slash < 0 ? '' : path.slice(0, slash);
  const temporary = `${directory === '' ? '' : `${directory}/`}${temporaryPrefix}${path.slice(slash + 1)}`;
  await removeIfPresent(fs, temporary);
  const file = await fs.open(temporary, 'create');
  try {
    await writeFullyAt(file, bytes, { path: temporary, offsetBytes: 0 });
    await syncFile(file, temporary);
  } finally {
    await file.close();
  }
  await fs.rename(temporary, path);
  await syncDirectory(fs, directory);
}

/** Removes what an interrupted write left behind. */
async function removeIfPresent(fs: StoreFs, path: string): Promise<void> {
  try {
    await fs.unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
