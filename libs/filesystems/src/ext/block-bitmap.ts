import { crc32c } from './crc.js';
import { RO_COMPAT } from './ext-features.js';
import type { ExtSuperblock } from './ext-superblock.js';
import type { GroupDescriptor } from './group-descriptor.js';

const BITS_SET = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

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

function countSetBits(bitmap: Uint8Array, bitCount: number): number {
  let count = 0;
  const wholeBytes = bitCount >> 3;
  for (let at = 0; at < wholeBytes; at += 1) count += BITS_SET[bitmap[at] ?? 0] ?? 0;
  if (bitCount % 8 > 0) count += BITS_SET[(bitmap[wholeBytes] ?? 0) & ((1 << bitCount % 8) - 1)] ?? 0;
  return count;
}

/** Calls `visit(first, count)` for every run of set bits, in order; the lowest bit of a byte comes first. */
export function forEachSetRun(bitmap: Uint8Array, bitCount: number, visit: (first: number, count: number) => void): void {
  let at = nextBit(bitmap, { from: 0, bitCount, wanted: 1 });
  while (at < bitCount) {
    const end = nextBit(bitmap, { from: at, bitCount, wanted: 0 });
    visit(at, end - at);
    at = nextBit(bitmap, { from: end, bitCount, wanted: 1 });
  }
}

/** The first bit from `from` on that is `wanted`, or `bitCount`; whole bytes without it are skipped at once. */
function nextBit(bitmap: Uint8Array, search: { from: number; bitCount: number; wanted: 0 | 1 }): number {
  const { bitCount, wanted } = search;
  const without = wanted === 1 ? 0x00 : 0xff;
  let at = search.from;
  while (at < bitCount) {
    const byte = bitmap[at >> 3] ?? 0;
    if (at % 8 === 0 && byte === without) at += 8;
    else if (((byte >> at % 8) & 1) === wanted) return at;
    else at += 1;
  }
  return bitCount;
}
