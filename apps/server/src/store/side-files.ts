import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../config/errno-of.js';

/** Folders of a store beside packs and reserve. All are small but for quarantine and trash, which hold packs. */
const folders = ['ledger', 'ledger-mirror', 'points', 'points-mirror', 'sessions', 'index', 'repair', 'quarantine', 'trash'] as const;
/** Parity is 4 blocks for 128 of a pack, with their checksums. */
const parityShare = 0.034;

/** Bytes a store needs beside its packs: parity, by its share; everything else as it lies on the disk. Cost: a look at every file but packs. */
export async function sideFileBytes(storeDir: string, packBytes: number): Promise<number> {
  const sizes = await Promise.all(folders.map((folder) => folderBytes(join(storeDir, folder))));
  return sizes.reduce((sum, bytes) => sum + bytes, Math.ceil(packBytes * parityShare));
}

/** What is removed or renamed while it is counted counts as gone. */
async function folderBytes(folder: string): Promise<number> {
  try {
    let total = 0;
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      // The index is one sparse file: what it takes counts, not how long it is.
      if (entry.isDirectory()) total += await folderBytes(path);
      else if (entry.isFile()) total += (await stat(path)).blocks * 512;
    }
    return total;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
