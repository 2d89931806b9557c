import { crc16, crc32c } from '../bytes/crc.js';
import { RO_COMPAT } from './ext-features.js';
import type { ExtSuperblock } from './ext-superblock.js';

const CHECKSUM_OFFSET = 0x1e;
const WIDE_BYTES = 64;
const BLOCK_UNINIT = 0x2;

/** One group's descriptor. Addresses are blocks of the filesystem and lie inside it. */
export type GroupDescriptor = Readonly<{
  blockBitmap: number;
  inodeBitmap: number;
  inodeTable: number;
  inodeTableBlocks: number;
  /** In clusters. */
  freeClusters: number;
  bitmapChecksum: Readonly<{ value: number; wide: boolean }>;
  /** The block bitmap on disk was never written and must not be read. */
  bitmapUninitialised: boolean;
}>;

/**
 * Reads and checks the descriptor of `group`.
 * @returns the descriptor, or a few words saying why it cannot be trusted. Never throws.
 * @see docs.kernel.org/filesystems/ext4, "Block Group Descriptors".
 */
export function parseGroupDescriptor(raw: Uint8Array, group: number, sb: ExtSuperblock): GroupDescriptor | string {
  if (!checksumMatches(raw, group, sb)) return 'descriptor checksum wrong';
  const view = new DataView(raw.buffer, raw.byteOffset);
  const wide = sb.descriptorBytes >= WIDE_BYTES;
  const address = (low: number, high: number): number => view.getUint32(low, true) + (wide ? view.getUint32(high, true) * 2 ** 32 : 0);
  const checksummed = (sb.features.roCompat & (RO_COMPAT.groupChecksum | RO_COMPAT.metadataChecksum)) !== 0;
  const descriptor: GroupDescriptor = {
    blockBitmap: address(0, 0x20),
    inodeBitmap: address(4, 0x24),
    inodeTable: address(8, 0x28),
    inodeTableBlocks: Math.ceil((sb.inodesPerGroup * sb.inodeBytes) / sb.blockBytes),
    freeClusters: view.getUint16(0xc, true) + (wide ? view.getUint16(0x2c, true) * 2 ** 16 : 0),
    bitmapChecksum: { value: view.getUint16(0x18, true) + (wide ? view.getUint16(0x38, true) * 2 ** 16 : 0), wide },
    bitmapUninitialised: checksummed && (view.getUint16(0x12, true) & BLOCK_UNINIT) !== 0,
  };
  const inside = (start: number, count: number): boolean => start > sb.firstDataBlock && start <= sb.blockCount - count;
  const sane = inside(descriptor.blockBitmap, 1) && inside(descriptor.inodeBitmap, 1) && inside(descriptor.inodeTable, descriptor.inodeTableBlocks);
  return sane ? descriptor : 'descriptor points outside the filesystem';
}

/** @see linux/fs/ext4/super.c, `ext4_group_desc_csum`. */
function checksumMatches(raw: Uint8Array, group: number, sb: ExtSuperblock): boolean {
  const stored = (raw[CHECKSUM_OFFSET] ?? 0) | ((raw[CHECKSUM_OFFSET + 1] ?? 0) << 8);
  const groupBytes = new Uint8Array(4);
  new DataView(groupBytes.buffer).setUint32(0, group, true);
  const rest = raw.subarray(CHECKSUM_OFFSET + 2, sb.descriptorBytes);
  if (sb.features.roCompat & RO_COMPAT.metadataChecksum) {
    const head = crc32c(crc32c(sb.checksumSeed, groupBytes), raw.subarray(0, CHECKSUM_OFFSET));
    return (crc32c(crc32c(head, new Uint8Array(2)), rest) & 0xffff) === stored;
  }
  if (sb.features.roCompat & RO_COMPAT.groupChecksum) {
    const head = crc16(crc16(crc16(0xffff, sb.uuidBytes), groupBytes), raw.subarray(0, CHECKSUM_OFFSET));
    return crc16(head, rest) === stored;
  }
  return true;
}
