import type { BigIntStats } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BlockPathForbidden, BlockPathIsDirectory, BlockPathMissing, BlockPathUnsupported } from './device-errors.js';
import { errnoOf } from './errno.js';

/** /sys counts in units of 512 bytes whatever the device's sector size is (kernel documentation, ABI/stable/sysfs-block). */
const SYSFS_UNIT_BYTES = 512;
const SECTOR_BYTES_MIN = 512;
const SECTOR_BYTES_MAX = 65_536;

/** What is known of a path before it is opened. */
export type BlockGeometry = Readonly<{
  kind: 'device' | 'image';
  sizeBytes: number;
  logicalSectorBytes: number;
  physicalSectorBytes: number;
  /** Directory of the device in sysfs; null for an image file. */
  sysfsPath: string | null;
}>;

/**
 * Size and sector sizes of a block device (from sysfs: `stat` says 0) or an image file (512-byte sectors, as every tool assumes).
 *
 * @throws BlockPathMissing (BLOCK_PATH_MISSING), BlockPathIsDirectory (BLOCK_PATH_IS_DIRECTORY),
 *   BlockPathUnsupported (BLOCK_PATH_UNSUPPORTED), BlockPathForbidden (BLOCK_PATH_FORBIDDEN).
 */
export async function readBlockGeometry(path: string): Promise<BlockGeometry> {
  const stats = await statBlockPath(path);
  if (stats.isFile()) return { kind: 'image', sizeBytes: Number(stats.size), logicalSectorBytes: 512, physicalSectorBytes: 512, sysfsPath: null };
  const sysfsPath = await findSysfsPath(stats.rdev);
  if (sysfsPath === null) throw new BlockPathUnsupported(path, 'the kernel knows no such block device');
  const logicalSectorBytes = await queueLimit(sysfsPath, 'logical_block_size', SECTOR_BYTES_MIN);
  const physicalSectorBytes = await queueLimit(sysfsPath, 'physical_block_size', logicalSectorBytes);
  return { kind: 'device', sizeBytes: await sysfsSizeBytes(sysfsPath), logicalSectorBytes, physicalSectorBytes, sysfsPath };
}

/** The stat record of a block device or regular file. Throws as {@link readBlockGeometry}. */
export async function statBlockPath(path: string): Promise<BigIntStats> {
  let stats: BigIntStats;
  try {
    stats = await stat(path, { bigint: true });
  } catch (error) {
    throw blockPathError(path, error);
  }
  if (stats.isDirectory()) throw new BlockPathIsDirectory(path);
  if (!stats.isFile() && !stats.isBlockDevice()) throw new BlockPathUnsupported(path, 'it is a character device, pipe or socket');
  return stats;
}

/** Turns the system's refusal to stat or open `path` into an error a person can act upon. */
export function blockPathError(path: string, error: unknown): BlockPathMissing | BlockPathForbidden | BlockPathUnsupported {
  const errno = errnoOf(error);
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return new BlockPathMissing(path, error);
  if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS') return new BlockPathForbidden(path, error);
  return new BlockPathUnsupported(path, errno);
}

/** `major:minor` of a device number as Linux packs it (include/linux/kdev_t.h, `new_encode_dev`, extended by glibc to 64 bits). */
export function deviceNumber(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return `${String(major)}:${String(minor)}`;
}

/** The sysfs directory of a block device, or null when it is gone. */
export async function findSysfsPath(rdev: bigint): Promise<string | null> {
  try {
    return await realpath(join('/sys/dev/block', deviceNumber(rdev)));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** The device's size now; 0 when it is gone. */
export async function sysfsSizeBytes(sysfsPath: string): Promise<number> {
  try {
    const sectors = Number((await readFile(join(sysfsPath, 'size'), 'utf8')).trim());
    const sizeBytes = sectors * SYSFS_UNIT_BYTES;
    return Number.isSafeInteger(sizeBytes) && sizeBytes > 0 ? sizeBytes : 0;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV') return 0;
    throw error;
  }
}

/** A number from the device's request queue; a partition has none of its own, its disk's is one directory up. */
async function queueLimit(sysfsPath: string, name: string, fallback: number): Promise<number> {
  for (const directory of [sysfsPath, dirname(sysfsPath)]) {
    try {
      const value = Number((await readFile(join(directory, 'queue', name), 'utf8')).trim());
      if (Number.isInteger(Math.log2(value)) && value >= SECTOR_BYTES_MIN && value <= SECTOR_BYTES_MAX) return value;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  return fallback;
}
