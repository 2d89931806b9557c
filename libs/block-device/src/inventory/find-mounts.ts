import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Extent } from '@lifeboat/model';
import { deviceNumber } from '../device/block-geometry.js';
import { errnoOf } from '../device/errno.js';
import { type DerivedDevice, findDerivedDevices } from './derived-devices.js';
import { readMountTable, readSwapPaths } from './mount-table.js';

/** A use that the running kernel makes of a disk or image. */
export type Mount = Readonly<{
  use: 'filesystem' | 'swap';
  /** The block device that is in use: a partition, a loop device over the image, a logical volume, … */
  devicePath: string;
  /** Directory, or `[SWAP]`. */
  mountPoint: string;
  /** As the kernel calls it. */
  filesystem: string;
  readWrite: boolean;
  /** The bytes of the disk or image concerned; for LVM, LUKS and RAID those of the partition that holds it. */
  extent: Extent;
}>;

/**
 * Says where a disk, a partition or an image file, or any part of it, is mounted or used as swap: directly, as partition, through loop devices at
 * any offset, through LVM, LUKS and RAID. Only mounts that this process can see are known.
 *
 * @throws as `readBlockGeometry` for a path that is no disk.
 * @see proc(5) for mountinfo and swaps; kernel documentation, ABI/stable/sysfs-block and ABI/testing/sysfs-block-loop.
 */
export async function findMounts(path: string): Promise<Mount[]> {
  const devices = new Map((await findDerivedDevices(path)).map((device) => [device.deviceNumber, device]));
  const mounts: Mount[] = [];
  for (const line of await readMountTable()) {
    const concerned = devices.get(line.deviceNumber) ?? (line.source.startsWith('/') ? await findBehindSource(line.source, devices) : null);
    if (!concerned) continue;
    mounts.push({ use: 'filesystem', devicePath: concerned.path, mountPoint: line.mountPoint, filesystem: line.filesystem, readWrite: line.readWrite, extent: concerned.extent });
  }
  for (const swapPath of await readSwapPaths()) {
    const device = devices.get((await blockNumberOf(swapPath)) ?? '');
    if (device) mounts.push({ use: 'swap', devicePath: device.path, mountPoint: '[SWAP]', filesystem: 'swap', readWrite: true, extent: device.extent });
  }
  return mounts;
}

/** btrfs has device numbers of its own and names one of its devices as source; its other devices are found in sysfs. */
async function findBehindSource(source: string, devices: ReadonlyMap<string, DerivedDevice>): Promise<DerivedDevice | null> {
  const number = await blockNumberOf(source);
  if (number === null) return null;
  const named = devices.get(number);
  if (named) return named;
  const names = new Map([...devices.values()].map((device) => [basename(device.sysfsPath), device]));
  const siblings = await btrfsSiblings(number);
  return siblings.map((name) => names.get(name)).find((device) => device !== undefined) ?? null;
}

async function btrfsSiblings(number: string): Promise<string[]> {
  const root = '/sys/fs/btrfs';
  for (const uuid of await namesIn(root)) {
    const names = await namesIn(join(root, uuid, 'devices'));
    const numbers = await Promise.all(names.map((name) => blockNumberOf(join('/dev', name.replaceAll('!', '/')))));
    if (numbers.includes(number)) return names;
  }
  return [];
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error))) return [];
    throw error;
  }
}

/** `major:minor` of a block device path, null for anything else: sources may be server names or paths that are gone. */
async function blockNumberOf(path: string): Promise<string | null> {
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isBlockDevice() ? deviceNumber(stats.rdev) : null;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENXIO', 'ENODEV'].includes(errnoOf(error))) return null;
    throw error;
  }
}
