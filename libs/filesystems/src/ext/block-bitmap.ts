import { countSetBits } from '../allocation/bit-runs.js';
import { crc32c } from '../bytes/crc.js';
import { RO_COMPAT } from './ext-features.js';
import type { ExtSuperblock } from './ext-superblock.js';
import type { GroupDescriptor } from './group-descriptor.js';

/** Why a bitmap contradicts its descriptor, in a few words; null when it does not. Bits beyond `clusterCount` are padding. */
export function bitmapProblem(bitmap: Uint8Array, clusterCount: number, checked: { descriptor: GroupDescriptor; superblock: ExtSuperblock }): string | null {
  const { descriptor, superblock } = checked;
  if (superblock.features.roCompat & RO_COMPAT.metadataChecksum) {
    const { value, wide } = descriptor.bitmapChecksum;
    const actual = crc32c(superblock.checksumSeed, bitmap.subarray(0, superblock.clustersPerGroup / 8));
    if ((wide ? actual : actual & 0xffff) !== value) return 'bitmap checksum wrong';
  }
  return clusterCount - countSetBits(bitmap, clusterCount) === descriptor.freeClusters ? null : 'bitmap contradicts the free count';
}
