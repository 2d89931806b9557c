import { crc32 } from 'node:zlib';
import type { Partition, TableSector, Warning } from '@lifeboat/model';
import type { BlockReader } from '../device/block-reader.js';
import { acceptPartitions } from './accept-partitions.js';
import { parseGptEntries } from './gpt-entries.js';
import { type GptHeader, GPT_ENTRY_BYTES, parseGptHeader } from './gpt-header.js';
import { readSectors, toTableSector } from './read-sectors.js';

/** Bytes of the table that are kept raw when the header does not say how long it is: the 128 entries every tool makes. */
const USUAL_TABLE_BYTES = 128 * GPT_ENTRY_BYTES;

/** One of the two copies of a GPT. */
export type GptCopy = Readonly<{
  header: GptHeader | null;
  /** What is wrong, in a few words; null when header and table are intact. */
  problem: string | null;
  partitions: readonly Partition[];
  /** Findings about partitions of an intact copy. */
  warnings: readonly Warning[];
  /** Raw header and table as found, damaged or not. */
  sectors: readonly TableSector[];
}>;

export type Gpt = Readonly<{ sectorBytes: number; primary: GptCopy; backup: GptCopy; backupAtEnd: boolean }>;

/** Reads both copies of a GPT, counting in sectors of `sectorBytes`. Damage is reported in the copies, not thrown. */
export async function readGpt(reader: BlockReader, sectorBytes: number): Promise<Gpt> {
  const lastLba = Math.floor(reader.sizeBytes / sectorBytes) - 1;
  const primary = await readCopy(reader, { lba: 1, sectorBytes, usualEntriesLba: 2 });
  const usualEntriesLba = lastLba - USUAL_TABLE_BYTES / sectorBytes;
  const atEnd = await readCopy(reader, { lba: lastLba, sectorBytes, usualEntriesLba });
  const alternateLba = primary.header?.alternateLba ?? lastLba;
  // An image that was enlarged keeps its backup where the disk used to end.
  if (atEnd.problem !== null && alternateLba !== lastLba && alternateLba > 1 && alternateLba < lastLba) {
    const elsewhere = await readCopy(reader, { lba: alternateLba, sectorBytes, usualEntriesLba: alternateLba - USUAL_TABLE_BYTES / sectorBytes });
    if (elsewhere.problem === null) return { sectorBytes, primary, backup: elsewhere, backupAtEnd: false };
  }
  return { sectorBytes, primary, backup: atEnd, backupAtEnd: true };
}

async function readCopy(reader: BlockReader, place: { lba: number; sectorBytes: number; usualEntriesLba: number }): Promise<GptCopy> {
  const { lba, sectorBytes } = place;
  const damaged = (problem: string, sectors: readonly TableSector[]): GptCopy => ({ header: null, problem, partitions: [], warnings: [], sectors });
  const rawHeader = await readSectors(reader, lba * sectorBytes, sectorBytes);
  if (rawHeader === null) return damaged('header unreadable or outside the disk', []);
  const header = parseGptHeader(rawHeader.bytes, lba);
  if (typeof header === 'string') {
    const rawTable = await readSectors(reader, place.usualEntriesLba * sectorBytes, USUAL_TABLE_BYTES);
    return damaged(header, rawTable === null ? [toTableSector(rawHeader)] : [toTableSector(rawHeader), toTableSector(rawTable)]);
  }
  const tableBytes = header.entryCount * header.entryBytes;
  const rawTable = await readSectors(reader, header.entriesLba * sectorBytes, tableBytes);
  if (rawTable === null) return damaged('table unreadable or outside the disk', [toTableSector(rawHeader)]);
  const sectors = [toTableSector(rawHeader), toTableSector(rawTable)];
  if (crc32(rawTable.bytes) !== header.entriesCrc) return damaged('table checksum wrong', sectors);
  return { header, problem: null, sectors, ...acceptPartitions(parseGptEntries(rawTable.bytes, header.entryBytes, sectorBytes), reader.sizeBytes) };
}

/**
 * The copy to believe: an intact one without impossible partitions, the primary first; else an intact one; else null.
 */
export function chooseGptCopy(gpt: Gpt): GptCopy | null {
  const intact = [gpt.primary, gpt.backup].filter((copy) => copy.problem === null);
  return intact.find((copy) => copy.warnings.length === 0) ?? intact[0] ?? null;
}

/** What a person should know of a GPT of which `chosen` is believed. */
export function gptWarnings(gpt: Gpt, chosen: GptCopy): Warning[] {
  const warnings = [...chosen.warnings];
  const { primary, backup } = gpt;
  if (primary.problem !== null || chosen !== primary) {
    warnings.push({ code: 'GPT_PRIMARY_DAMAGED', message: `the first copy of the partition table is damaged (${primary.problem ?? 'impossible partitions'}); the backup copy was used` });
  }
  if (backup.problem !== null) warnings.push({ code: 'GPT_BACKUP_DAMAGED', message: `the backup copy of the partition table is damaged (${backup.problem})` });
  else if (!gpt.backupAtEnd) warnings.push({ code: 'GPT_BACKUP_NOT_AT_END', message: 'the backup copy of the partition table is not at the end of the disk' });
  const [left, right] = [primary.header, backup.header];
  if (left && right && (left.entriesCrc !== right.entriesCrc || left.diskGuid !== right.diskGuid)) {
    warnings.push({ code: 'GPT_COPIES_DIFFER', message: 'the two copies of the partition table are intact but differ' });
  }
  return warnings;
}
