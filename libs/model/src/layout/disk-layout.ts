import { z } from 'zod';

const byteCount = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const text = z.string().max(512);

/** A finding that does not stop the work but that a person should know, e.g. `GPT_PRIMARY_DAMAGED`. */
export const Warning = z.strictObject({ code: z.string().regex(/^[A-Z][A-Z0-9_]{2,63}$/), message: z.string().max(1000) });
export type Warning = z.infer<typeof Warning>;

/** Filesystems told apart by their signature. `unknown` is captured as every non-zero block. */
export const FilesystemType = z.enum([
  'ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'ntfs', 'fat12', 'fat16', 'fat32', 'exfat', 'swap', 'lvm2', 'luks', 'bitlocker', 'iso9660', 'squashfs', 'unknown',
]);
export type FilesystemType = z.infer<typeof FilesystemType>;

/** A partition as its table states it. `type` is a GUID (GPT) or two hexadecimal digits (MBR). */
export const Partition = z.strictObject({
  number: z.number().int().min(1).max(1024),
  offsetBytes: byteCount,
  lengthBytes: byteCount,
  type: z.string().max(36),
  guid: z.string().max(36).nullable(),
  name: z.string().max(72),
  /** GPT attribute bits as 16 hexadecimal digits; MBR: `80` when active, else `00`. */
  attributes: z.string().max(16),
  /** MBR only: a logical partition inside the extended one. */
  logical: z.boolean(),
});
export type Partition = z.infer<typeof Partition>;

/** Raw bytes of a structure that describes the layout: MBR, GPT header and table (both copies), each EBR. */
export const TableSector = z.strictObject({ offsetBytes: byteCount, base64: z.string().max(2 * 1024 * 1024) });
export type TableSector = z.infer<typeof TableSector>;

/** How a disk is divided, with the raw bytes needed to make it again. Partitions are sorted by offset and do not overlap. */
export const DiskLayout = z.strictObject({
  sizeBytes: byteCount,
  logicalSectorBytes: z.number().int().positive(),
  physicalSectorBytes: z.number().int().positive(),
  table: z.enum(['gpt', 'mbr', 'none']),
  /** GPT disk GUID, or the MBR signature as eight hexadecimal digits. */
  tableId: z.string().max(36).nullable(),
  partitions: z.array(Partition).max(1024),
  tableSectors: z.array(TableSector).max(1100),
  warnings: z.array(Warning).max(100),
});
export type DiskLayout = z.infer<typeof DiskLayout>;

/** What is known of the hardware or file behind a disk. */
export const DiskFacts = z.strictObject({
  diskId: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,127}$/),
  path: text,
  kind: z.enum(['device', 'image']),
  model: text.nullable(),
  serial: text.nullable(),
});
export type DiskFacts = z.infer<typeof DiskFacts>;
