import { syncDirectory } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';
import { packsDirectory } from '../pack/pack-paths.js';
import { pointDirectories } from '../point/point-file.js';

/**
 * Makes every name that a start relies on durable: an owner that was killed may have left directories and sealed packs whose names only the cache holds.
 * Cost: one sync of an unchanged directory each, at most 259.
 */
export async function syncNames(fs: StoreFs): Promise<void> {
  await syncDirectory(fs, '');
  for (const directory of pointDirectories) await syncDirectory(fs, directory);
  await syncDirectory(fs, packsDirectory);
  for (const name of await fs.readDir(packsDirectory)) {
    const path = `${packsDirectory}/${name}`;
    if ((await fs.stat(path))?.kind === 'directory') await syncDirectory(fs, path);
  }
}
