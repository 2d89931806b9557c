import type { DiskLayout, Warning } from '@lifeboat/model';
import type { BlockReader } from '../device/block-reader.js';
import { LayoutUnreadable } from './layout-errors.js';
import { MBR_BYTES, type MbrEntry, PROTECTIVE_TYPE, isUsedEntry, parseMbrEntries, readMbrSignature } from './mbr-sector.js';
import { type Gpt, type GptCopy, chooseGptCopy, gptWarnings, readGpt } from './read-gpt.js';
import { readMbrPartitions } from './read-mbr.js';
import { type RawBytes, readSectors, toTableSector } from './read-sectors.js';
import { SIGNATURE_AREA_BYTES, hasWholeDiskSignature, isVolumeBootRecord } from './whole-disk-signature.js';

const SECTOR_SIZES = [512, 4096] as const;

/** What the first sector of the disk says. */
type FirstSector = Readonly<{ raw: RawBytes; entries: readonly MbrEntry[] | null; protective: boolean; used: readonly MbrEntry[] }>;

type Found = Pick<DiskLayout, 'table' | 'tableId' | 'partitions' | 'tableSectors' | 'warnings'> & { sectorBytes: number };

/**
 * Reads how a disk is divided: GPT (either copy, 512- or 4096-byte sectors, hybrid MBR), MBR with logical partitions, or nothing.
 *
 * A damaged copy of a GPT is replaced by the other one, with a warning. Partitions that cannot exist are left out with a warning; their bytes then
 * count as unpartitioned. A boot sector of FAT or NTFS is not mistaken for a table.
 *
 * @param options.physicalSectorBytes as the device reports it; defaults to the logical sector.
 * @returns the layout with raw bytes of every structure it was read from.
 * @throws LayoutUnreadable (LAYOUT_UNREADABLE) the disk has a GPT by its protective MBR, but no intact copy, or is smaller than a sector.
 * @see UEFI Specification 2.10, chapter 5. Cost: a few dozen small reads, one per logical partition.
 */
export async function readDiskLayout(reader: BlockReader, options: { physicalSectorBytes?: number } = {}): Promise<DiskLayout> {
  const first = await readFirstSector(reader);
  const { sectorBytes, ...found } = await findTable(reader, first);
  return {
    sizeBytes: reader.sizeBytes,
    logicalSectorBytes: sectorBytes,
    physicalSectorBytes: Math.max(sectorBytes, options.physicalSectorBytes ?? sectorBytes),
    ...found,
  };
}

async function readFirstSector(reader: BlockReader): Promise<FirstSector> {
  if (reader.sizeBytes < MBR_BYTES) throw new LayoutUnreadable({ reason: 'the disk is smaller than one sector' });
  const raw = (await readSectors(reader, 0, MBR_BYTES)) ?? { offsetBytes: 0, bytes: new Uint8Array(MBR_BYTES) };
  const entries = parseMbrEntries(raw.bytes);
  const used = entries?.filter(isUsedEntry) ?? [];
  return { raw, entries, used, protective: used.some((entry) => entry.type === PROTECTIVE_TYPE) };
}

async function findTable(reader: BlockReader, first: FirstSector): Promise<Found> {
  const { gpt, chosen } = await findGpt(reader);
  if (first.protective) {
    if (chosen === null) throw new LayoutUnreadable({ reason: 'both copies of the GPT are damaged', primary: gpt.primary.problem ?? '', backup: gpt.backup.problem ?? '' });
    return gptLayout({ gpt, chosen, first });
  }
  const staleGpt: Warning[] = chosen === null ? [] : [{ code: 'GPT_STALE', message: 'the disk also carries a GPT, which is left over and was not used' }];
  if (first.entries !== null && first.used.length > 0) {
    const layout = await mbrLayout(reader, { first, entries: first.entries, warnings: staleGpt });
    if (!isVolumeBootRecord(first.raw.bytes) || layout.warnings.length === 0) return layout;
  }
  const area = await readSectors(reader, 0, Math.min(SIGNATURE_AREA_BYTES, reader.sizeBytes));
  const holdsFilesystem = area !== null && hasWholeDiskSignature(area.bytes);
  if (chosen !== null && !holdsFilesystem) return gptLayout({ gpt, chosen, first });
  if (first.entries !== null && first.used.length === 0 && !holdsFilesystem) return mbrLayout(reader, { first, entries: first.entries, warnings: [] });
  return { table: 'none', tableId: null, partitions: [], tableSectors: [], warnings: staleGpt, sectorBytes: reader.logicalSectorBytes };
}

/** Looks for a GPT in the device's own sector size first, then in the other: an image file, or an adapter, may hide what the disk used. */
async function findGpt(reader: BlockReader): Promise<{ gpt: Gpt; chosen: GptCopy | null }> {
  const gpt = await readGpt(reader, reader.logicalSectorBytes);
  const chosen = chooseGptCopy(gpt);
  if (chosen !== null) return { gpt, chosen };
  for (const sectorBytes of SECTOR_SIZES) {
    if (sectorBytes === reader.logicalSectorBytes) continue;
    const other = await readGpt(reader, sectorBytes);
    const otherChosen = chooseGptCopy(other);
    if (otherChosen !== null) return { gpt: other, chosen: otherChosen };
  }
  return { gpt, chosen };
}

function gptLayout({ gpt, chosen, first }: { gpt: Gpt; chosen: GptCopy; first: FirstSector }): Found {
  const warnings = gptWarnings(gpt, chosen);
  if (!first.protective) warnings.push({ code: 'PROTECTIVE_MBR_MISSING', message: 'the disk has a GPT, but its protective MBR is missing' });
  if (first.used.length > 1) warnings.push({ code: 'HYBRID_MBR', message: 'the disk has a hybrid MBR besides its GPT; the GPT was used, the MBR is kept as raw bytes' });
  return {
    table: 'gpt',
    tableId: chosen.header?.diskGuid ?? null,
    partitions: [...chosen.partitions],
    tableSectors: [toTableSector(first.raw), ...gpt.primary.sectors, ...gpt.backup.sectors],
    warnings,
    sectorBytes: gpt.sectorBytes,
  };
}

async function mbrLayout(reader: BlockReader, found: { first: FirstSector; entries: readonly MbrEntry[]; warnings: Warning[] }): Promise<Found> {
  const { partitions, ebrSectors, warnings } = await readMbrPartitions(reader, found.entries, reader.logicalSectorBytes);
  return {
    table: 'mbr',
    tableId: readMbrSignature(found.first.raw.bytes),
    partitions,
    tableSectors: [toTableSector(found.first.raw), ...ebrSectors],
    warnings: [...found.warnings, ...warnings].slice(0, 100),
    sectorBytes: reader.logicalSectorBytes,
  };
}
