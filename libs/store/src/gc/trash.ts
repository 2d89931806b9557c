import { errnoOf } from '../fs/errno.js';
import { syncDirectory } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';

/** What is on its way out of the store; emptied by the next collection. */
export const trashDirectory = 'trash';
/** The deepest path is trash/points/<machine>/<point>. */
const depthMax = 8;

/** Removes every file in the trash and answers their bytes. Directories stay: they are few. */
export async function emptyTrash(fs: StoreFs, signal?: AbortSignal): Promise<number> {
  return emptyDirectory(fs, trashDirectory, { signal, depth: 1 });
}

/** Removes a file that the ledger says is gone; answers its bytes, 0 when it was gone already. */
export async function removeFile(fs: StoreFs, path: string): Promise<number> {
  const found = await fs.stat(path);
  if (found === null) return 0;
  try {
    await fs.unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  return found.sizeBytes;
}

type Visit = Readonly<{ signal: AbortSignal | undefined; depth: number }>;

async function emptyDirectory(fs: StoreFs, directory: string, { signal, depth }: Visit): Promise<number> {
  let freedBytes = 0;
  const names = await fs.readDir(directory);
  for (const name of names) {
    signal?.throwIfAborted();
    const path = `${directory}/${name}`;
    const isDirectory = (await fs.stat(path))?.kind === 'directory';
    if (!isDirectory) freedBytes += await removeFile(fs, path);
    else if (depth < depthMax) freedBytes += await emptyDirectory(fs, path, { signal, depth: depth + 1 });
  }
  if (names.length > 0) await syncDirectory(fs, directory);
  return freedBytes;
}
