import type { Partition, TableSector, Warning } from '@lifeboat/model';
import type { BlockReader } from '../device/block-reader.js';
import { acceptPartitions } from './accept-partitions.js';
import { MBR_BYTES, type MbrEntry, isExtendedEntry, isUsedEntry, parseMbrEntries } from './mbr-sector.js';
import { readSectors, toTableSector } from './read-sectors.js';

/** Logical partitions read before a chain is taken for broken; the layout model holds no more numbers. */
const CHAIN_LENGTH_MAX = 1000;
const FIRST_LOGICAL_NUMBER = 5;

/** What the entries of an MBR and the EBR chain below it say. `ebrSectors` are in chain order. */
export type MbrPartitions = Readonly<{ partitions: Partition[]; ebrSectors: TableSector[]; warnings: Warning[] }>;

/** Where a chain lies: sectors of the extended partition, and their size. */
type ChainPlace = Readonly<{ startSector: number; sectorCount: number; sectorBytes: number }>;

/** Reads primary and logical partitions; `entries` are those of the MBR. A broken chain ends with a warning and keeps what was read. */
export async function readMbrPartitions(reader: BlockReader, entries: readonly MbrEntry[], sectorBytes: number): Promise<MbrPartitions> {
  const found: Partition[] = [];
  const ebrSectors: TableSector[] = [];
  const warnings: Warning[] = [];
  entries.forEach((entry, slot) => {
    if (isUsedEntry(entry) && !isExtendedEntry(entry)) found.push(partitionOf(entry, { number: slot + 1, baseSector: 0, sectorBytes, logical: false }));
  });
  const extended = entries.find(isExtendedEntry);
  if (extended) await readChain(reader, { ...extended, sectorBytes }, { found, ebrSectors, warnings });
  const accepted = acceptPartitions(found, reader.sizeBytes);
  return { partitions: accepted.partitions, ebrSectors, warnings: [...warnings, ...accepted.warnings] };
}

/**
 * Follows the chain: in each EBR the logical partition counts from that EBR, the link to the next one from the extended partition.
 * Every EBR is visited once; addresses outside the extended partition end the walk.
 */
async function readChain(reader: BlockReader, place: ChainPlace, out: { found: Partition[]; ebrSectors: TableSector[]; warnings: Warning[] }): Promise<void> {
  const visited = new Set<number>();
  let relative: number | null = 0;
  while (relative !== null) {
    const ebrSector: number = place.startSector + relative;
    if (visited.has(ebrSector) || visited.size >= CHAIN_LENGTH_MAX) {
      out.warnings.push({ code: 'EBR_CHAIN_LOOPS', message: `the chain of logical partitions loops or never ends after ${String(visited.size)} links; the partitions read so far are kept` });
      return;
    }
    visited.add(ebrSector);
    const raw = relative < place.sectorCount ? await readSectors(reader, ebrSector * place.sectorBytes, MBR_BYTES) : null;
    const entries = raw === null ? null : parseMbrEntries(raw.bytes);
    if (raw === null || entries === null) {
      out.warnings.push({ code: 'EBR_OUT_OF_RANGE', message: `link ${String(visited.size)} of the chain of logical partitions leads to no partition table; the partitions read so far are kept` });
      return;
    }
    out.ebrSectors.push(toTableSector(raw));
    relative = readLink(entries, { ...place, ebrSector }, out);
  }
}

/** Takes the logical partition of one EBR and returns where the next is, in sectors of the extended partition, or null at the end. */
function readLink(entries: readonly MbrEntry[], place: ChainPlace & { ebrSector: number }, out: { found: Partition[]; warnings: Warning[] }): number | null {
  const entry = entries.find((candidate) => isUsedEntry(candidate) && !isExtendedEntry(candidate));
  if (entry) {
    const number = FIRST_LOGICAL_NUMBER + out.found.filter((partition) => partition.logical).length;
    const inside = entry.startSector > 0 && place.ebrSector + entry.startSector + entry.sectorCount <= place.startSector + place.sectorCount;
    if (!inside) {
      out.warnings.push({ code: 'EBR_OUT_OF_RANGE', message: `logical partition ${String(number)} lies outside the extended partition; the partitions read so far are kept` });
      return null;
    }
    out.found.push(partitionOf(entry, { number, baseSector: place.ebrSector, sectorBytes: place.sectorBytes, logical: true }));
  }
  return entries.find(isExtendedEntry)?.startSector ?? null;
}

function partitionOf(entry: MbrEntry, place: { number: number; baseSector: number; sectorBytes: number; logical: boolean }): Partition {
  return {
    number: place.number,
    offsetBytes: (place.baseSector + entry.startSector) * place.sectorBytes,
    lengthBytes: entry.sectorCount * place.sectorBytes,
    type: entry.type.toString(16).padStart(2, '0'),
    guid: null,
    name: '',
    attributes: entry.status.toString(16).padStart(2, '0'),
    logical: place.logical,
  };
}
