import type { BlockReader } from '@lifeboat/block-device';
import { readOrNull } from '../../bytes/read-or-null.js';
import { WindowCache } from '../../bytes/window-cache.js';
import type { OpenedFilesystem } from '../../files/mapped-file.js';
import { INCOMPAT, extVersion, unknownFeatures } from '../ext-features.js';
import { SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET_BYTES, hasExtMagic, parseExtSuperblock } from '../ext-superblock.js';
import { walkExtFiles } from './walk-ext-files.js';

/** Opens an ext2, ext3 or ext4 volume to list its files; null when it is none, is damaged or has features that are not known. */
export async function openExtFiles(volume: BlockReader): Promise<OpenedFilesystem | null> {
  const raw = await readOrNull(volume, SUPERBLOCK_OFFSET_BYTES, SUPERBLOCK_BYTES);
  if (raw === null || !hasExtMagic(raw)) return null;
  const sb = parseExtSuperblock(raw, volume.sizeBytes);
  if (typeof sb === 'string' || unknownFeatures(sb.features) !== null || sb.features.incompat & INCOMPAT.journalDevice) return null;
  return { filesystem: extVersion(sb.features), files: () => walkExtFiles(sb, new WindowCache(volume)) };
}
