import { findMounts } from '@lifeboat/block-device';
import type { MountFact } from './inspected-disk.js';

/** Where filesystems of a disk or image file are mounted. Swap in use does not count: only its header is kept, and that does not change. */
export async function readMountFacts(path: string): Promise<MountFact[]> {
  const mounts = await findMounts(path);
  return mounts.filter((mount) => mount.use === 'filesystem').map(({ mountPoint, readWrite, extent }) => ({ mountPoint, readWrite, extent }));
}
