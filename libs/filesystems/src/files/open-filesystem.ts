import type { BlockReader } from '@lifeboat/block-device';
import { openExtFiles } from '../ext/files/open-ext-files.js';
import { openNtfsFiles } from '../ntfs/files/open-ntfs-files.js';
import type { MappedFile, OpenedFilesystem } from './mapped-file.js';

/**
 * Opens the filesystem of a volume to list its files. ext2/3/4 and NTFS have a reader.
 *
 * @param volume opened read-only and at rest; must stay open.
 * @returns null when the filesystem is another one, or when its superblock makes no sense.
 * @throws what `volume.readFully` throws, except UNREADABLE_SECTORS.
 */
export async function openFilesystem(volume: BlockReader): Promise<OpenedFilesystem | null> {
  return (await openExtFiles(volume)) ?? openNtfsFiles(volume);
}

/** The files of a volume, as {@link OpenedFilesystem.files}; none when {@link openFilesystem} has no reader for it. */
export async function* fileExtents(volume: BlockReader): AsyncGenerator<MappedFile> {
  const opened = await openFilesystem(volume);
  if (opened) yield* opened.files();
}
