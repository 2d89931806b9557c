import { z } from 'zod';

/** Devices are nested this deep at most in what is read; disk, partition, LUKS, LVM and RAID make five. */
const DEPTH_MAX = 12;

/** Versions before 2.33 print every value as text, and "0" or "1" for flags. */
const flag = z.union([z.boolean(), z.enum(['0', '1']).transform((text) => text === '1')]).nullish().transform((value) => value ?? false);
const count = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .nullish()
  .transform((value) => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0));
const text = z.string().max(4096).nullish().transform((value) => value?.trim() || null);

/** One device as `lsblk --json --bytes --output-all` prints it. Columns that this version lacks read as null, false or 0. */
const LsblkColumns = z.object({
  name: z.string().min(1).max(255),
  kname: text,
  path: text,
  type: z.string().max(32),
  size: count,
  'log-sec': count,
  'phy-sec': count,
  model: text,
  serial: text,
  wwn: text,
  tran: text,
  rm: flag,
  ro: flag,
  hotplug: flag,
  fstype: text,
  label: text,
  uuid: text,
  start: count,
  mountpoint: text,
  mountpoints: z.array(text).max(10_000).nullish(),
  children: z.array(z.unknown()).max(10_000).nullish(),
});

/** A device and those that are made of it. */
export type LsblkDevice = Omit<z.infer<typeof LsblkColumns>, 'children'> & { readonly children: readonly LsblkDevice[] };

const LsblkDocument = z.object({ blockdevices: z.array(z.unknown()).max(100_000) });

/** Parses the tool's output. Rejects with a zod error when it is not what lsblk prints. */
export function parseLsblk(output: string): LsblkDevice[] {
  return LsblkDocument.parse(JSON.parse(output)).blockdevices.map((device) => parseDevice(device, 1));
}

function parseDevice(value: unknown, depth: number): LsblkDevice {
  const { children, ...columns } = LsblkColumns.parse(value);
  return { ...columns, children: depth < DEPTH_MAX ? (children ?? []).map((child) => parseDevice(child, depth + 1)) : [] };
}
