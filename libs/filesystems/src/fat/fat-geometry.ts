import { fatWidthOf } from '../probe/fat-identity.js';

const ROOT_ENTRY_BYTES = 32;

/** The numbers of a FAT boot sector. Clusters are numbered from 2. */
export type FatGeometry = Readonly<{
  entryBits: 12 | 16 | 32;
  sectorBytes: number;
  clusterBytes: number;
  /** Where the first table begins, how long each is and how many there are. */
  tableOffsetBytes: number;
  tableBytes: number;
  tableCount: number;
  /** Where cluster 2 begins. */
  dataOffsetBytes: number;
  clusterCount: number;
  filesystemBytes: number;
  media: number;
  /** The only table that is kept up to date; null when all are. */
  activeTable: number | null;
  /** Linux marks a volume in use here, besides the flag in the table. */
  dirtyByBoot: boolean;
}>;

/**
 * Reads a boot sector whose signature was found and checks its numbers against each other and the volume.
 * @returns the numbers, or a few words saying what is absurd. Never throws.
 * @see Microsoft, "FAT: General Overview of On-Disk Format", "Boot Sector and BPB"; Linux, fs/fat/inode.c, `fat_fill_super`.
 */
export function parseFatBoot(boot: Buffer, volumeBytes: number): FatGeometry | string {
  const width = fatWidthOf(boot);
  if (width === null) return 'absurd numbers';
  const [sectorBytes, clusterSectors, reserved, tableCount] = [boot.readUInt16LE(11), boot.readUInt8(13), boot.readUInt16LE(14), boot.readUInt8(16)];
  const sectors = boot.readUInt16LE(19) || boot.readUInt32LE(32);
  const tableSectors = boot.readUInt16LE(22) || boot.readUInt32LE(36);
  const rootSectors = Math.ceil((boot.readUInt16LE(17) * ROOT_ENTRY_BYTES) / sectorBytes);
  const dataSector = reserved + tableCount * tableSectors + rootSectors;
  const clusterCount = Math.floor((sectors - dataSector) / clusterSectors);
  const entryBits = width === 'fat12' ? 12 : width === 'fat16' ? 16 : 32;
  const tableBytes = tableSectors * sectorBytes;
  if (sectors * sectorBytes > volumeBytes) return 'filesystem larger than its volume';
  if (clusterCount + 2 > Math.floor((tableBytes * 8) / entryBits)) return 'table too short for its clusters';
  if (entryBits === 16 && clusterCount > 65_524) return 'too many clusters';
  const flags = entryBits === 32 ? boot.readUInt16LE(40) : 0;
  const activeTable = flags & 0x80 ? flags & 0x0f : null;
  if (activeTable !== null && activeTable >= tableCount) return 'absurd active table';
  return {
    entryBits, sectorBytes, tableBytes, tableCount, clusterCount, activeTable,
    clusterBytes: clusterSectors * sectorBytes, tableOffsetBytes: reserved * sectorBytes, dataOffsetBytes: dataSector * sectorBytes,
    filesystemBytes: sectors * sectorBytes, media: boot.readUInt8(21), dirtyByBoot: (boot.readUInt8(entryBits === 32 ? 0x41 : 0x25) & 0x1) !== 0,
  };
}
