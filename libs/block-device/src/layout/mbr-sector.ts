export const MBR_BYTES = 512;
export const MBR_SIGNATURE_OFFSET = 440;
export const MBR_ENTRIES_OFFSET = 446;
export const MBR_ENTRY_BYTES = 16;
export const PROTECTIVE_TYPE = 0xee;
const EXTENDED_TYPES: ReadonlySet<number> = new Set([0x05, 0x0f, 0x85]);

/** One of the four slots of an MBR or EBR; positions count in sectors from a base that depends on the slot. */
export type MbrEntry = Readonly<{ status: number; type: number; startSector: number; sectorCount: number }>;

/** The four slots of the sector, or null when it is no partition table: mark 55AA missing, or a status byte that is neither 00 nor 80. */
export function parseMbrEntries(sector: Uint8Array): readonly MbrEntry[] | null {
  if (sector[510] !== 0x55 || sector[511] !== 0xaa) return null;
  const view = new DataView(sector.buffer, sector.byteOffset, sector.byteLength);
  const entries = [0, 1, 2, 3].map((slot) => {
    const at = MBR_ENTRIES_OFFSET + slot * MBR_ENTRY_BYTES;
    return { status: view.getUint8(at), type: view.getUint8(at + 4), startSector: view.getUint32(at + 8, true), sectorCount: view.getUint32(at + 12, true) };
  });
  // The Linux kernel tells a boot sector from a table by the same test (block/partitions/msdos.c).
  return entries.every((entry) => entry.status === 0 || entry.status === 0x80) ? entries : null;
}

/** True when the slot describes something. */
export const isUsedEntry = (entry: MbrEntry): boolean => entry.type !== 0 && entry.sectorCount !== 0;

/** True for the slot that holds the chain of logical partitions. */
export const isExtendedEntry = (entry: MbrEntry): boolean => isUsedEntry(entry) && EXTENDED_TYPES.has(entry.type);

/** The disk signature as eight hexadecimal digits. */
export function readMbrSignature(sector: Uint8Array): string {
  return new DataView(sector.buffer, sector.byteOffset).getUint32(MBR_SIGNATURE_OFFSET, true).toString(16).padStart(8, '0');
}
