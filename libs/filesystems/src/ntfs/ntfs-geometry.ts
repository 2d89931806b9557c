const CLUSTER_BYTES_MAX = 2 * 1024 * 1024;
const RECORD_BYTES_MAX = 64 * 1024;
/** A cluster size above 64 KiB is stored as a negative power of two; so is a record size below a cluster. */
const NEGATIVE_FROM = 0x80;

/** The numbers of an NTFS boot sector. Addresses are in clusters. */
export type NtfsGeometry = Readonly<{
  sectorBytes: number;
  clusterBytes: number;
  clusterCount: number;
  /** Bytes of the filesystem without the copy of the boot sector that follows them. */
  filesystemBytes: number;
  recordBytes: number;
  mftCluster: number;
  mirrorCluster: number;
}>;

/**
 * Reads a boot sector and checks its numbers against each other and the volume.
 * @returns the numbers, or a few words saying what is absurd. Never throws.
 * @see Linux, fs/ntfs3/ntfs.h, `struct NTFS_BOOT`, and fs/ntfs3/super.c, `ntfs_init_from_boot`.
 */
export function parseNtfsBoot(boot: Buffer, volumeBytes: number): NtfsGeometry | string {
  const sectorBytes = boot.readUInt16LE(0x0b);
  if (![256, 512, 1024, 2048, 4096].includes(sectorBytes)) return 'absurd sector size';
  const clusterBytes = sectorBytes * sectorsPerCluster(boot.readUInt8(0x0d));
  if (!isPowerOfTwo(clusterBytes) || clusterBytes > CLUSTER_BYTES_MAX) return 'absurd cluster size';
  const filesystemBytes = Number(boot.readBigUInt64LE(0x28)) * sectorBytes;
  if (!Number.isSafeInteger(filesystemBytes) || filesystemBytes > volumeBytes) return 'filesystem larger than its volume';
  const recordSize = boot.readInt8(0x40);
  const recordBytes = recordSize > 0 ? recordSize * clusterBytes : 2 ** -recordSize;
  if (recordBytes < 512 || recordBytes > RECORD_BYTES_MAX || !isPowerOfTwo(recordBytes)) return 'absurd record size';
  const clusterCount = Math.floor(filesystemBytes / clusterBytes);
  const [mftCluster, mirrorCluster] = [Number(boot.readBigUInt64LE(0x30)), Number(boot.readBigUInt64LE(0x38))];
  const inside = (cluster: number): boolean => cluster > 0 && cluster < clusterCount;
  if (!inside(mftCluster) || !inside(mirrorCluster)) return 'file table outside the filesystem';
  return { sectorBytes, clusterBytes, clusterCount, filesystemBytes, recordBytes, mftCluster, mirrorCluster };
}

const sectorsPerCluster = (stored: number): number => (stored <= NEGATIVE_FROM ? stored : 2 ** (256 - stored));

const isPowerOfTwo = (value: number): boolean => value > 0 && Number.isInteger(Math.log2(value));
