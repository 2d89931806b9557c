import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Extent } from '@lifeboat/model';
import { findSysfsPath, statBlockPath, sysfsSizeBytes } from '../device/block-geometry.js';
import { errnoOf } from '../device/errno.js';

const SYSFS_UNIT_BYTES = 512;
/** A computer with more devices on one disk has other problems. */
const DEVICES_MAX = 10_000;

/** A block device made of a disk or image: the disk itself, a partition, a loop device over it, a device-mapper or RAID device holding it. */
export type DerivedDevice = Readonly<{
  /** `major:minor`. */
  deviceNumber: string;
  path: string;
  sysfsPath: string;
  /** Where it lies in the disk or image; for device-mapper and RAID the extent of the device they hold. */
  extent: Extent;
}>;

type Loop = Readonly<{ sysfsPath: string; backing: Readonly<{ dev: bigint; ino: bigint; rdev: bigint }>; offsetBytes: number }>;

/**
 * All block devices through which the bytes of a disk or image file can be reached, found in sysfs: the disk first, each once.
 * @throws as `readBlockGeometry` for a path that is no disk.
 */
export async function findDerivedDevices(path: string): Promise<DerivedDevice[]> {
  const stats = await statBlockPath(path);
  const loops = await listLoops();
  const queue: DerivedDevice[] = [];
  if (stats.isFile()) {
    for (const loop of loops) {
      if (loop.backing.dev === stats.dev && loop.backing.ino === stats.ino) queue.push(await deviceAt(loop.sysfsPath, loop.offsetBytes));
    }
  } else {
    const sysfsPath = await findSysfsPath(stats.rdev);
    if (sysfsPath !== null) queue.push(await deviceAt(sysfsPath, 0));
  }
  const found = new Map<string, DerivedDevice>();
  for (let device = queue.shift(); device && found.size < DEVICES_MAX; device = queue.shift()) {
    if (found.has(device.deviceNumber)) continue;
    found.set(device.deviceNumber, device);
    queue.push(...(await childrenOf(device, loops)));
  }
  return [...found.values()];
}

async function childrenOf(device: DerivedDevice, loops: readonly Loop[]): Promise<DerivedDevice[]> {
  const children: DerivedDevice[] = [];
  for (const name of await namesIn(device.sysfsPath)) {
    const start = await readNumber(join(device.sysfsPath, name, 'start'));
    if (start !== null && (await readNumber(join(device.sysfsPath, name, 'partition'))) !== null) {
      children.push(await deviceAt(join(device.sysfsPath, name), device.extent.offsetBytes + start * SYSFS_UNIT_BYTES));
    }
  }
  for (const name of await namesIn(join(device.sysfsPath, 'holders'))) {
    const held = await deviceAt(await realpath(join(device.sysfsPath, 'holders', name)), 0);
    children.push({ ...held, extent: device.extent });
  }
  const rdev = await rdevOf(device.path);
  for (const loop of loops) {
    if (rdev !== null && loop.backing.rdev === rdev) children.push(await deviceAt(loop.sysfsPath, device.extent.offsetBytes + loop.offsetBytes));
  }
  return children;
}

async function deviceAt(sysfsPath: string, offsetBytes: number): Promise<DerivedDevice> {
  const deviceNumber = (await readFile(join(sysfsPath, 'dev'), 'utf8')).trim();
  const uevent = await readFile(join(sysfsPath, 'uevent'), 'utf8');
  const path = `/dev/${/^DEVNAME=(.+)$/m.exec(uevent)?.[1] ?? basename(sysfsPath)}`;
  return { deviceNumber, path, sysfsPath, extent: { offsetBytes, lengthBytes: await sysfsSizeBytes(sysfsPath) } };
}

/** Loop devices in use. The backing file is compared by device and inode, because its name may differ by link or mount namespace. */
async function listLoops(): Promise<Loop[]> {
  const loops: Loop[] = [];
  for (const name of await namesIn('/sys/block')) {
    if (!name.startsWith('loop')) continue;
    const sysfsPath = await realpath(join('/sys/block', name));
    const backingPath = await readText(join(sysfsPath, 'loop/backing_file'));
    if (backingPath === null) continue;
    const backing = await statOrNull(backingPath);
    if (backing) loops.push({ sysfsPath, backing, offsetBytes: (await readNumber(join(sysfsPath, 'loop/offset'))) ?? 0 });
  }
  return loops;
}

async function rdevOf(path: string): Promise<bigint | null> {
  const stats = await statOrNull(path);
  return stats?.isBlockDevice() ? stats.rdev : null;
}

async function statOrNull(path: string): Promise<Awaited<ReturnType<typeof statBlockPath>> | null> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).replace(/\n$/, '');
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

async function readNumber(path: string): Promise<number | null> {
  const text = await readText(path);
  const value = Number(text);
  return text !== null && text !== '' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** Devices come and go while sysfs is walked, and attributes of idle ones do not exist or cannot be read. */
const isGone = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'ENODEV', 'ENXIO', 'EINVAL'].includes(errnoOf(error));
