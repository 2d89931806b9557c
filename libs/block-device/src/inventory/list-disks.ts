import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { MIB } from '@lifeboat/model';
import { DiskInventoryFailed } from './inventory-errors.js';
import { type LsblkDevice, parseLsblk } from './lsblk-output.js';

const LSBLK_TIMEOUT_MS = 30_000;
const LSBLK_OUTPUT_BYTES_MAX = 64 * MIB;
const SECTOR_BYTES_USUAL = 512;
/** Disks of type `disk` that are memory, floppy or network toys. */
const NOT_FIXED_NAME = /^(zram|ram|fd|nbd|sr)\d/;

/** Something on a disk: a partition, or what is made of one (LUKS, LVM, RAID). */
export type DetectedChild = Readonly<{
  path: string;
  /** lsblk's word: `part`, `crypt`, `lvm`, `raid1`, … */
  type: string;
  sizeBytes: number;
  filesystem: string | null;
  label: string | null;
  uuid: string | null;
  /** Where it is mounted; `[SWAP]` for swap in use. */
  mountPoints: readonly string[];
  children: readonly DetectedChild[];
}>;

/** A disk of this computer. */
export type DetectedDisk = Readonly<{
  path: string;
  model: string | null;
  serial: string | null;
  wwn: string | null;
  /** `nvme`, `sata`, `usb`, … */
  transport: string | null;
  sizeBytes: number;
  logicalSectorBytes: number;
  physicalSectorBytes: number;
  /** Can be taken out or unplugged: not part of the machine unless the user says so. */
  removable: boolean;
  readOnly: boolean;
  filesystem: string | null;
  mountPoints: readonly string[];
  children: readonly DetectedChild[];
}>;

/**
 * The disks of this computer by lsblk, sorted by path. Loop devices, memory disks and optical drives are left out, as are empty slots.
 *
 * @throws DiskInventoryFailed (DISK_INVENTORY_FAILED) lsblk is missing, failed, or printed something else.
 */
export async function listDisks(): Promise<DetectedDisk[]> {
  try {
    const { stdout } = await promisify(execFile)('lsblk', ['--json', '--bytes', '--output-all'], {
      timeout: LSBLK_TIMEOUT_MS,
      maxBuffer: LSBLK_OUTPUT_BYTES_MAX,
      encoding: 'utf8',
    });
    return disksOf(stdout);
  } catch (error) {
    throw new DiskInventoryFailed('lsblk', error);
  }
}

/** The disks in the output of `lsblk --json --bytes --output-all`. Throws when it is none. */
export function disksOf(lsblkOutput: string): DetectedDisk[] {
  const disks = parseLsblk(lsblkOutput).filter((device) => device.type === 'disk' && device.size > 0 && !NOT_FIXED_NAME.test(device.kname ?? device.name));
  return disks.map(toDisk).sort((a, b) => (a.path < b.path ? -1 : 1));
}

function toDisk(device: LsblkDevice): DetectedDisk {
  const logicalSectorBytes = device['log-sec'] || SECTOR_BYTES_USUAL;
  return {
    path: pathOf(device),
    model: device.model,
    serial: device.serial,
    wwn: device.wwn,
    transport: device.tran,
    sizeBytes: device.size,
    logicalSectorBytes,
    physicalSectorBytes: device['phy-sec'] || logicalSectorBytes,
    removable: device.rm || device.hotplug || device.tran === 'usb',
    readOnly: device.ro,
    filesystem: device.fstype,
    mountPoints: mountPointsOf(device),
    children: device.children.map(toChild),
  };
}

function toChild(device: LsblkDevice): DetectedChild {
  return {
    path: pathOf(device),
    type: device.type,
    sizeBytes: device.size,
    filesystem: device.fstype,
    label: device.label,
    uuid: device.uuid,
    mountPoints: mountPointsOf(device),
    children: device.children.map(toChild),
  };
}

/** Versions before 2.33 have no path column. */
const pathOf = (device: LsblkDevice): string => device.path ?? `/dev/${device.kname ?? device.name}`;

/** Versions before 2.37 name one mount point only. */
const mountPointsOf = (device: LsblkDevice): string[] => (device.mountpoints ?? [device.mountpoint]).filter((point) => point !== null);
