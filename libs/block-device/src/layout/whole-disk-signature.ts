/** Bytes from the start of the disk that {@link hasWholeDiskSignature} looks at. */
export const SIGNATURE_AREA_BYTES = 66_560;

const SIGNATURES: readonly Readonly<{ offset: number; text: string }>[] = [
  { offset: 0, text: 'XFSB' },
  { offset: 0, text: 'LUKS\u00ba\u00be' },
  { offset: 0x1_0040, text: '_BHRfS_M' },
  { offset: 4086, text: 'SWAPSPACE2' },
  { offset: 32_769, text: 'CD001' },
  ...[0, 512, 1024, 1536].map((offset) => ({ offset, text: 'LABELONE' })),
];

/**
 * True when the disk itself, without a partition table, seems to hold a filesystem or other known content.
 * @param area the first {@link SIGNATURE_AREA_BYTES} of the disk, or all of a smaller one.
 */
export function hasWholeDiskSignature(area: Uint8Array): boolean {
  const bytes = Buffer.from(area.buffer, area.byteOffset, area.byteLength);
  if (bytes.length >= 1082 && bytes.readUInt16LE(1080) === 0xef53) return true;
  return isVolumeBootRecord(area) || SIGNATURES.some(({ offset, text }) => bytes.toString('latin1', offset, offset + text.length) === text);
}

/**
 * True for the boot sector of a FAT, exFAT or NTFS filesystem: it ends with 55AA like a partition table. GRUB and Syslinux begin their
 * MBR with the same jump, but leave the fields of the BIOS parameter block without meaning.
 * @see Microsoft FAT specification, section 3 "Boot sector and BPB".
 */
export function isVolumeBootRecord(sector: Uint8Array): boolean {
  if (sector.length < 512) return false;
  const bytes = Buffer.from(sector.buffer, sector.byteOffset, 512);
  if (bytes[510] !== 0x55 || bytes[511] !== 0xaa) return false;
  const oem = bytes.toString('latin1', 3, 11);
  if (oem === 'NTFS    ' || oem === 'EXFAT   ') return true;
  const jumps = bytes[0] === 0xeb || bytes[0] === 0xe9;
  return jumps && isPowerOfTwo(bytes.readUInt16LE(11), 512, 4096) && isPowerOfTwo(bytes.readUInt8(13), 1, 128) && bytes.readUInt16LE(14) > 0 && [1, 2].includes(bytes.readUInt8(16));
}

const isPowerOfTwo = (value: number, min: number, max: number): boolean => value >= min && value <= max && Number.isInteger(Math.log2(value));
