import { bytesToHex } from '@lifeboat/model';
import { SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET_BYTES, hasExtMagic, readExtIdentity } from '../ext/ext-superblock.js';
import { findSwapSignature } from '../swap/read-swap-used-extents.js';
import type { FilesystemIdentity } from '../used-extents.js';
import { findFatIdentity } from './fat-identity.js';

/** Bytes from the start of a volume in which all known signatures lie; btrfs has the last, at 64 KiB + 64. */
export const PROBE_BYTES = 68 * 1024;

const BTRFS_SUPERBLOCK = 0x1_0000;
/** LVM writes its label into one of the first four sectors. */
const LVM_LABEL_OFFSETS = [0, 512, 1024, 1536] as const;

type Probe = (area: Buffer) => FilesystemIdentity | null;

const latin1At = (area: Buffer, offset: number, length: number): string => area.toString('latin1', offset, offset + length);
const textAt = (area: Buffer, offset: number, length: number): string | null => area.toString('utf8', offset, offset + length).replace(/\0.*$/s, '').trim() || null;

function uuidAt(area: Buffer, offset: number): string {
  const hex = bytesToHex(area, offset, offset + 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Each follows the on-disk format as libblkid reads it (util-linux, libblkid/src/superblocks). */
const PROBES: readonly Probe[] = [
  (area) => (latin1At(area, 0, 6) === 'LUKS\u00ba\u00be' ? { filesystem: 'luks', label: area.readUInt16BE(6) === 2 ? textAt(area, 24, 48) : null, uuid: textAt(area, 168, 40) } : null),
  (area) => (latin1At(area, 3, 8) === '-FVE-FS-' ? { filesystem: 'bitlocker', label: null, uuid: null } : null),
  (area) => {
    const at = LVM_LABEL_OFFSETS.find((offset) => latin1At(area, offset, 8) === 'LABELONE');
    return at === undefined ? null : { filesystem: 'lvm2', label: null, uuid: textAt(area, at + 32, 32) };
  },
  (area) => findSwapSignature(area)?.identity ?? null,
  (area) => (latin1At(area, 0, 4) === 'XFSB' ? { filesystem: 'xfs', label: textAt(area, 108, 12), uuid: uuidAt(area, 32) } : null),
  (area) => (latin1At(area, BTRFS_SUPERBLOCK + 64, 8) === '_BHRfS_M' ? { filesystem: 'btrfs', label: textAt(area, BTRFS_SUPERBLOCK + 299, 256), uuid: uuidAt(area, BTRFS_SUPERBLOCK + 32) } : null),
  (area) => {
    const superblock = area.subarray(SUPERBLOCK_OFFSET_BYTES, SUPERBLOCK_OFFSET_BYTES + SUPERBLOCK_BYTES);
    return hasExtMagic(superblock) ? readExtIdentity(superblock) : null;
  },
  findFatIdentity,
  (area) => (latin1At(area, 32_769, 5) === 'CD001' ? { filesystem: 'iso9660', label: textAt(area, 32_808, 32), uuid: null } : null),
  (area) => (latin1At(area, 0, 4) === 'hsqs' ? { filesystem: 'squashfs', label: null, uuid: null } : null),
];

/**
 * All signatures found in the first bytes of a volume, the most telling first. More than one means that an old filesystem shows through, and
 * that none may be trusted to say which blocks are free.
 *
 * @param area the first {@link PROBE_BYTES} of the volume, zero-filled when it is shorter.
 */
export function findSignatures(area: Uint8Array): FilesystemIdentity[] {
  const bytes = Buffer.from(area.buffer, area.byteOffset, area.byteLength);
  return PROBES.map((probe) => probe(bytes)).filter((identity) => identity !== null);
}
