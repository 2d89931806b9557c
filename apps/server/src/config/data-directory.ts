import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataDirUnusable } from './config-errors.js';
import { errnoOf } from './errno-of.js';

/** Where things lie in a server's data directory. */
export type DataDirectory = Readonly<{ root: string; storeDir: string; databaseDir: string; firstRunFile: string; serverKeyFile: string }>;

/**
 * Makes the data directory when it is missing, readable by its owner only.
 *
 * @throws DataDirUnusable (DATA_DIR_UNUSABLE) it cannot be made, or is not a directory.
 */
export async function openDataDirectory(root: string): Promise<DataDirectory> {
  try {
    const made = await mkdir(root, { recursive: true, mode: 0o700 });
    if (made !== undefined) await chmod(root, 0o700);
    const found = await stat(root);
    if (!found.isDirectory()) throw new DataDirUnusable({ path: root, reason: 'it is not a directory' });
  } catch (cause) {
    if (cause instanceof DataDirUnusable) throw cause;
    throw new DataDirUnusable({ path: root, reason: errnoOf(cause) ?? 'unknown' }, cause);
  }
  return {
    root, storeDir: join(root, 'store'), databaseDir: join(root, 'database'), firstRunFile: join(root, 'first-run.json'), serverKeyFile: join(root, 'server-key.json'),
  };
}
