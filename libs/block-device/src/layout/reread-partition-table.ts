import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { readBlockGeometry } from '../device/block-geometry.js';

const TIMEOUT_MS = 30_000;

/**
 * Makes the kernel look at the partition table of a block device anew, after it was written and closed.
 *
 * @returns false for an image file, and when the kernel refuses: a partition is in use, or the device takes no partitions. The table on the
 *   disk is right in any case; the kernel then sees it after the next boot.
 * @throws as `readBlockGeometry` for a path that is no disk.
 */
export async function rereadPartitionTable(path: string): Promise<boolean> {
  const { kind } = await readBlockGeometry(path);
  if (kind === 'image') return false;
  return promisify(execFile)('blockdev', ['--rereadpt', path], { timeout: TIMEOUT_MS }).then(
    () => true,
    () => false,
  );
}
