import type { Warning } from '@lifeboat/model';
import type { BlockReader } from '@lifeboat/block-device';
import type { FilesystemIdentity, UncleanReason, UsedExtents } from '../used-extents.js';

/** The answer that is always right: everything is used. For filesystems without a reader of their own, and for those that cannot be trusted. */
export function wholeVolume(volume: BlockReader, identity: FilesystemIdentity, found: { warnings?: readonly Warning[]; uncleanReason?: UncleanReason | null } = {}): UsedExtents {
  return {
    ...identity,
    blockSizeBytes: volume.logicalSectorBytes,
    used: volume.sizeBytes > 0 ? [{ offsetBytes: 0, lengthBytes: volume.sizeBytes }] : [],
    clean: !found.uncleanReason,
    uncleanReason: found.uncleanReason ?? null,
    overReportedBytes: 0,
    warnings: found.warnings ?? [],
    mode: 'all-non-zero',
  };
}
