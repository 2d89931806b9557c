import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../config/errno-of.js';

/** A physical disk: its name in the kernel, and its serial number or world-wide name where it has one. */
export type PhysicalDisk = Readonly<{ name: string; id: string | null }>;

const depthMax = 16;
const idFiles = ['serial', 'device/serial', 'wwid', 'device/wwid'];

/**
 * The physical disks under a block device such as /dev/mapper/vg-srv, through partitions, LVM, LUKS and RAID. Empty where the system does not tell, e.g. for network filesystems.
 * @see Linux Documentation/ABI/testing/sysfs-block and sysfs-class-block; `slaves` names what a device lies on.
 */
export async function disksUnder(device: string, sysfs = '/sys/class/block'): Promise<readonly PhysicalDisk[]> {
  if (!device.startsWith('/dev/')) return [];
  const name = await orNull(() => realpath(device));
  const found = new Map<string, PhysicalDisk>();
  if (name !== null) await collect({ sysfs, name: basename(name), depth: 0 }, found);
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function collect({ sysfs, name, depth }: Readonly<{ sysfs: string; name: string; depth: number }>, found: Map<string, PhysicalDisk>): Promise<void> {
  const place = await orNull(() => realpath(join(sysfs, name)));
  if (place === null || depth > depthMax || found.has(name)) return;
  const slaves = (await orNull(() => readdir(join(place, 'slaves')))) ?? [];
  for (const slave of slaves) await collect({ sysfs, name: slave, depth: depth + 1 }, found);
  if (slaves.length > 0) return;
  if ((await orNull(() => readFile(join(place, 'partition'), 'utf8'))) === null) found.set(name, { name, id: await idOf(place) });
  // A partition's folder lies in that of its disk.
  else await collect({ sysfs, name: basename(dirname(place)), depth: depth + 1 }, found);
}

async function idOf(place: string): Promise<string | null> {
  for (const file of idFiles) {
    const text = (await orNull(() => readFile(join(place, file), 'utf8')))?.trim();
    if (text) return text;
  }
  return null;
}

/** The kernel refuses many of these files in its own ways; whatever cannot be read is not known. */
async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}
