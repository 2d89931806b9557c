import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DataDirWithoutStore } from './maintenance-errors.js';

/**
 * The store in a data directory.
 * @throws DataDirWithoutStore (DATA_DIR_WITHOUT_STORE)
 */
export async function findStore(dataDir: string): Promise<string> {
  const path = join(resolve(dataDir), 'store');
  const found = await stat(path).catch((error: unknown) => {
    if (error !== null && typeof error === 'object' && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw error;
  });
  if (!found?.isDirectory()) throw new DataDirWithoutStore({ path: resolve(dataDir) });
  return path;
}
