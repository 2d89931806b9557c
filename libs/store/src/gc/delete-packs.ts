import type { Digest, PackId } from '@lifeboat/model';
import { errnoOf, isNoSpace } from '../fs/errno.js';
import { syncDirectory } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';
import { listRecords } from '../pack/list-records.js';
import { parityPathOf } from '../parity/parity-paths.js';
import { sealedDirectoryOf, sealedPathOf } from '../pack/pack-paths.js';
import type { GcPorts } from './gc-ports.js';
import { removeFile, trashDirectory } from './trash.js';

/** Files that go with a pack. The pack is the last: as long as it is there, an interrupted removal is found and ended. */
const filesOf = (packId: PackId): readonly string[] => [parityPathOf(packId), sealedPathOf(packId)];

/**
 * Removes the files of packs that the ledger says are deleted: out of the index, into the trash, off the disk. May be run again after it was interrupted anywhere.
 * @returns bytes of the files that were removed.
 */
export async function removeDeletedPacks(ports: GcPorts, packIds: readonly PackId[], signal?: AbortSignal): Promise<number> {
  let freedBytes = 0;
  for (const packId of packIds) {
    signal?.throwIfAborted();
    await ports.index.removePack(packId, await digestsOf(ports, packId));
    await ports.packFiles.forget(packId);
    freedBytes += await ports.fence.guard('a deleted pack could not be removed', () => removeFiles(ports, packId));
    ports.inventory.remove(packId);
  }
  return freedBytes;
}

/** What the index may know of the pack. A pack that cannot be listed leaves places behind that nothing follows: the ledger says that the pack is gone. */
async function digestsOf({ fs }: GcPorts, packId: PackId): Promise<Digest[]> {
  try {
    const { records } = await listRecords(fs, sealedPathOf(packId), packId);
    return records.flatMap(({ entries }) => entries.map(({ digest }) => digest));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

async function removeFiles({ fs }: GcPorts, packId: PackId): Promise<number> {
  let freedBytes = 0;
  for (const path of filesOf(packId)) if (await fs.exists(path)) freedBytes += await removeFile(fs, await moveAside(fs, path));
  if (await fs.exists(sealedDirectoryOf(packId))) await syncDirectory(fs, sealedDirectoryOf(packId));
  return freedBytes;
}

/** A rename takes the name away at once, however long the unlink of a large file takes. On a full disk the file is removed where it is. */
async function moveAside(fs: StoreFs, path: string): Promise<string> {
  const inTrash = `${trashDirectory}/${path.slice(path.lastIndexOf('/') + 1)}`;
  try {
    await fs.rename(path, inTrash);
    return inTrash;
  } catch (error) {
    if (!isNoSpace(error)) throw error;
    return path;
  }
}
