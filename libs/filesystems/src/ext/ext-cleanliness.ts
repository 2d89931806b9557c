import type { UncleanReason } from '../used-extents.js';
import { COMPAT, INCOMPAT } from './ext-features.js';
import type { ExtSuperblock } from './ext-superblock.js';

const STATE_VALID = 0x1;
const STATE_ERRORS = 0x2;

/**
 * Why the volume, as it lies there, is not consistent; null when it is.
 * @see docs.kernel.org/filesystems/ext4, "Super Block", s_state and INCOMPAT_RECOVER. A filesystem with a journal keeps its valid flag while
 *   mounted and sets `needs_recovery` instead; one without a journal drops the flag.
 */
export function extUncleanReason(sb: Pick<ExtSuperblock, 'features' | 'state'>): UncleanReason | null {
  if (sb.features.incompat & INCOMPAT.recover) {
    return { code: 'FS_NEEDS_RECOVERY', message: 'the journal must be replayed first: the filesystem is mounted, or was when the computer stopped' };
  }
  if (sb.state & STATE_ERRORS) return { code: 'FS_HAS_ERRORS', message: 'the kernel found errors in the filesystem; it needs e2fsck' };
  if (!(sb.state & STATE_VALID)) {
    const journal = sb.features.compat & COMPAT.hasJournal ? '' : ' and has no journal to replay';
    return { code: 'FS_NOT_CLEANLY_UNMOUNTED', message: `the filesystem was not cleanly unmounted${journal}; it needs e2fsck` };
  }
  return null;
}
