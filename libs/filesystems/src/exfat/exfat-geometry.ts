import { readOrNull } from '../bytes/read-or-null.js';
import type { BlockReader } from '@lifeboat/block-device';

const BOOT_SECTORS = 11;
/** Volume flags and percentage in use, which change without the checksum. */
const UNCHECKED_BYTES: ReadonlySet<number> = new Set([106, 107, 112]);

/** The numbers of an exFAT boot sector. Clusters are numbered from 2. */
export type ExfatGeometry = Readonly<{
  sectorBytes: number;
  clusterBytes: number;
  tableOffsetBytes: number;
  heapOffsetBytes: number;
  clusterCount: number;
  rootCluster: number;
  filesystemBytes: number;
  volumeFlags: number;
}>;

/**
 * Reads a boot sector, checks its numbers and the checksum of the boot region.
 * @returns the numbers, or a few words saying what is wrong. Never throws for bad bytes.
 * @see Microsoft, "exFAT file system specification", sections 3.1 and 3.4.
 */
export async function readExfatGeometry(volume: BlockReader, boot: Buffer): Promise<ExfatGeometry | string> {
  const [sectorShift, clusterShift] = [boot.readUInt8(108), boot.readUInt8(109)];
  if (sectorShift < 9 || sectorShift > 12 || sectorShift + clusterShift > 25) return 'absurd cluster size';
  const sectorBytes = 2 ** sectorShift;
  const geometry: ExfatGeometry = {
    sectorBytes,
    clusterBytes: sectorBytes * 2 ** clusterShift,
    tableOffsetBytes: boot.readUInt32LE(80) * sectorBytes,
    heapOffsetBytes: boot.readUInt32LE(88) * sectorBytes,
    clusterCount: boot.readUInt32LE(92),
    rootCluster: boot.readUInt32LE(96),
    filesystemBytes: Number(boot.readBigUInt64LE(72)) * sectorBytes,
    volumeFlags: boot.readUInt16LE(106),
  };
  if (boot.readUInt8(110) !== 1) return 'more than one allocation table';
  const { clusterCount, rootCluster, filesystemBytes, heapOffsetBytes } = geometry;
  const heapEnd = heapOffsetBytes + clusterCount * geometry.clusterBytes;
  if (!Number.isSafeInteger(filesystemBytes) || filesystemBytes > volume.sizeBytes || heapEnd > filesystemBytes) return 'filesystem larger than its volume';
  if (geometry.tableOffsetBytes + (clusterCount + 2) * 4 > heapOffsetBytes) return 'table too short for its clusters';
  if (clusterCount < 1 || rootCluster < 2 || rootCluster > clusterCount + 1) return 'absurd root directory';
  const region = await readOrNull(volume, 0, (BOOT_SECTORS + 1) * sectorBytes);
  if (region === null) return 'boot region unreadable';
  return bootChecksum(region.subarray(0, BOOT_SECTORS * sectorBytes)) === region.readUInt32LE(BOOT_SECTORS * sectorBytes) ? geometry : 'checksum of the boot region wrong';
}

/** The checksum of the first eleven sectors. @see the same, section 3.4. */
export function bootChecksum(region: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < region.length; at += 1) {
    if (!UNCHECKED_BYTES.has(at)) sum = (((sum & 1) << 31) | (sum >>> 1)) + (region[at] ?? 0);
  }
  return sum >>> 0;
}
