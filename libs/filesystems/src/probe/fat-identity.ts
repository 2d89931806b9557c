import type { FilesystemIdentity } from '../used-extents.js';

const ROOT_ENTRY_BYTES = 32;
const FAT12_CLUSTERS_MAX = 4084;

/**
 * FAT, exFAT or NTFS by the boot sector. FAT32 is what has no 16-bit FAT size, as Linux and mkfs.fat have it: a small FAT32 has fewer clusters than
 * the specification asks for. FAT12 and FAT16 differ by the number of clusters, not by the text in the sector.
 * @see Microsoft, "FAT: General Overview of On-Disk Format", sections "Boot Sector and BPB" and "FAT Type Determination"; Linux, fs/fat/inode.c, fat_fill_super.
 */
export function findFatIdentity(area: Buffer): FilesystemIdentity | null {
  if (area[510] !== 0x55 || area[511] !== 0xaa) return null;
  const oem = area.toString('latin1', 3, 11);
  if (oem === 'NTFS    ') return { filesystem: 'ntfs', label: null, uuid: area.readBigUInt64LE(0x48).toString(16).toUpperCase().padStart(16, '0') };
  if (oem === 'EXFAT   ') return { filesystem: 'exfat', label: null, uuid: serialAt(area, 100) };
  const width = fatWidthOf(area);
  if (width === null) return null;
  const [serialOffset, labelOffset] = width === 'fat32' ? [0x43, 0x47] : [0x27, 0x2b];
  const label = area.toString('latin1', labelOffset, labelOffset + 11).trimEnd();
  return { filesystem: width, label: label === '' || label === 'NO NAME' ? null : label, uuid: serialAt(area, serialOffset) };
}

/** Which FAT the boot sector describes; null when its numbers make no sense. */
export function fatWidthOf(area: Buffer): 'fat12' | 'fat16' | 'fat32' | null {
  const [sectorBytes, clusterSectors, reserved, fats] = [area.readUInt16LE(11), area.readUInt8(13), area.readUInt16LE(14), area.readUInt8(16)];
  const jumps = area[0] === 0xeb || area[0] === 0xe9;
  if (!jumps || ![512, 1024, 2048, 4096].includes(sectorBytes) || clusterSectors === 0 || !Number.isInteger(Math.log2(clusterSectors)) || reserved === 0 || ![1, 2].includes(fats)) return null;
  const sectors = area.readUInt16LE(19) || area.readUInt32LE(32);
  const fatSectors = area.readUInt16LE(22) || area.readUInt32LE(36);
  const rootSectors = Math.ceil((area.readUInt16LE(17) * ROOT_ENTRY_BYTES) / sectorBytes);
  const clusters = Math.floor((sectors - reserved - fats * fatSectors - rootSectors) / clusterSectors);
  if (clusters < 1 || fatSectors === 0) return null;
  if (area.readUInt16LE(22) === 0) return 'fat32';
  return clusters <= FAT12_CLUSTERS_MAX ? 'fat12' : 'fat16';
}

function serialAt(area: Buffer, offset: number): string {
  const hex = area.readUInt32LE(offset).toString(16).toUpperCase().padStart(8, '0');
  return `${hex.slice(0, 4)}-${hex.slice(4)}`;
}
