import type { BlockReader } from '@lifeboat/block-device';
import { readOrNull } from '../../bytes/read-or-null.js';
import type { OpenedFilesystem } from '../../files/mapped-file.js';
import { Mft } from '../mft.js';
import { parseNtfsBoot } from '../ntfs-geometry.js';
import { walkNtfsFiles } from './walk-ntfs-files.js';

/** Opens an NTFS volume to list its files; null when it is none or its file table is damaged. */
export async function openNtfsFiles(volume: BlockReader): Promise<OpenedFilesystem | null> {
  const boot = await readOrNull(volume, 0, 512);
  if (boot?.toString('latin1', 3, 11) !== 'NTFS    ') return null;
  const geometry = parseNtfsBoot(boot, volume.sizeBytes);
  const mft = typeof geometry === 'string' ? null : await Mft.open(volume, geometry);
  return mft === null ? null : { filesystem: 'ntfs', files: () => walkNtfsFiles(mft) };
}
