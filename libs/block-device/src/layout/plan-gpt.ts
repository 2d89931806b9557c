import { crc32 } from 'node:zlib';
import { type DiskLayout, type Extent, endOf } from '@lifeboat/model';
import { encodeGptEntries } from './gpt-entries.js';
import { GPT_ENTRY_BYTES, type GptHeader, encodeGptHeader, parseGptHeader } from './gpt-header.js';
import { isGuid } from './guid.js';
import { LayoutInconsistent, TargetTooSmall } from './layout-errors.js';
import { MBR_BYTES, MBR_ENTRIES_OFFSET, MBR_ENTRY_BYTES, PROTECTIVE_TYPE, parseMbrEntries } from './mbr-sector.js';
import type { RawBytes } from './read-sectors.js';

const ENTRIES_USUAL = 128;
const PRIMARY_ENTRIES_LBA = 2;

/** Where the table is to go. */
export type TableTarget = Readonly<{ sizeBytes: number; sectorBytes: number }>;

/** The writes that make the GPT of `layout` on the target, in the order in which they must become durable. */
export function planGpt(layout: DiskLayout, target: TableTarget): RawBytes[] {
  const { sectorBytes } = target;
  assertGuids(layout);
  const recorded = findRecordedHeader(layout);
  const entryCount = Math.max(recorded?.entryCount ?? ENTRIES_USUAL, ...layout.partitions.map((partition) => partition.number));
  const table = padded(encodeGptEntries(layout.partitions, entryCount, sectorBytes), sectorBytes);
  const tableSectors = table.length / sectorBytes;
  const lastLba = Math.floor(target.sizeBytes / sectorBytes) - 1;
  const usable = usableArea(layout, { recorded, target, firstPossible: PRIMARY_ENTRIES_LBA + tableSectors, lastPossible: lastLba - 1 - tableSectors });
  const common = {
    ...usable, entryCount,
    diskGuid: layout.tableId ?? '',
    entryBytes: GPT_ENTRY_BYTES,
    entriesCrc: crc32(table.subarray(0, entryCount * GPT_ENTRY_BYTES)),
  };
  const backupEntriesLba = lastLba - tableSectors;
  const primary = encodeGptHeader({ ...common, myLba: 1, alternateLba: lastLba, entriesLba: PRIMARY_ENTRIES_LBA }, sectorBytes);
  const backup = encodeGptHeader({ ...common, myLba: lastLba, alternateLba: 1, entriesLba: backupEntriesLba }, sectorBytes);
  return [
    { offsetBytes: backupEntriesLba * sectorBytes, bytes: table },
    { offsetBytes: lastLba * sectorBytes, bytes: backup },
    { offsetBytes: PRIMARY_ENTRIES_LBA * sectorBytes, bytes: table },
    { offsetBytes: sectorBytes, bytes: primary },
    { offsetBytes: 0, bytes: protectiveMbr(layout, lastLba) },
  ];
}

function assertGuids(layout: DiskLayout): void {
  if (layout.tableId === null || !isGuid(layout.tableId)) throw new LayoutInconsistent('the GPT has no disk GUID');
  for (const { number, type, guid, attributes } of layout.partitions) {
    if (!isGuid(type) || guid === null || !isGuid(guid)) throw new LayoutInconsistent(`partition ${String(number)} has no GUID`);
    if (!/^[0-9a-f]{1,16}$/i.test(attributes)) throw new LayoutInconsistent(`the attributes of partition ${String(number)} are no number`);
  }
}

/** An intact header among the recorded raw sectors: it knows how long the table was and where the tools let the usable area begin. */
function findRecordedHeader(layout: DiskLayout): GptHeader | null {
  for (const { offsetBytes, base64 } of layout.tableSectors) {
    const header = parseGptHeader(paddedSector(Buffer.from(base64, 'base64'), layout.logicalSectorBytes), offsetBytes / layout.logicalSectorBytes);
    if (typeof header !== 'string') return header;
  }
  return null;
}

/** A copy of the first `sectorBytes` of `bytes`, zeros where there are fewer. */
function paddedSector(bytes: Uint8Array, sectorBytes: number): Uint8Array {
  const sector = new Uint8Array(sectorBytes);
  sector.set(bytes.subarray(0, sectorBytes));
  return sector;
}

/**
 * The usable area of the target in sectors. It begins where it did, unless the table needs the room; on a disk of the same size it also ends where it did.
 */
function usableArea(
  layout: DiskLayout,
  facts: { recorded: GptHeader | null; target: TableTarget; firstPossible: number; lastPossible: number },
): Pick<GptHeader, 'firstUsableLba' | 'lastUsableLba'> {
  const { recorded, target, firstPossible, lastPossible } = facts;
  const { sectorBytes } = target;
  const firstNeeded = Math.min(Number.MAX_SAFE_INTEGER, ...layout.partitions.map((partition: Extent) => partition.offsetBytes / sectorBytes));
  const lastNeeded = Math.max(0, ...layout.partitions.map((partition: Extent) => endOf(partition) / sectorBytes - 1));
  if (firstNeeded < firstPossible) throw new LayoutInconsistent('a partition begins inside the partition table');
  if (lastNeeded > lastPossible || lastPossible < firstPossible) {
    const tableBytes = target.sizeBytes - (lastPossible + 1) * sectorBytes;
    throw new TargetTooSmall({ neededBytes: (lastNeeded + 1) * sectorBytes + tableBytes, targetBytes: target.sizeBytes });
  }
  const scale = layout.logicalSectorBytes / sectorBytes;
  const recordedFirst = Math.ceil((recorded?.firstUsableLba ?? 0) * scale);
  const firstUsableLba = Math.min(Math.max(firstPossible, recordedFirst), firstNeeded, lastPossible);
  const sameDisk = target.sizeBytes === layout.sizeBytes && sectorBytes === layout.logicalSectorBytes;
  const recordedLast = sameDisk ? (recorded?.lastUsableLba ?? lastPossible) : lastPossible;
  return { firstUsableLba, lastUsableLba: Math.max(lastNeeded, firstUsableLba - 1, Math.min(lastPossible, recordedLast)) };
}

function padded(bytes: Uint8Array, sectorBytes: number): Uint8Array {
  const sectors = new Uint8Array(Math.ceil(bytes.length / sectorBytes) * sectorBytes);
  sectors.set(bytes);
  return sectors;
}

/**
 * The recorded MBR with its boot code and, if it is hybrid, its other entries; the protective entry is stretched over the target. Made from
 * nothing when none was recorded. @see UEFI Specification 2.10, section 5.2.3.
 */
function protectiveMbr(layout: DiskLayout, lastLba: number): Uint8Array {
  const recorded = layout.tableSectors.find((sector) => sector.offsetBytes === 0);
  const mbr = paddedSector(recorded ? Buffer.from(recorded.base64, 'base64') : new Uint8Array(0), MBR_BYTES);
  const view = new DataView(mbr.buffer);
  const slot = parseMbrEntries(mbr)?.findIndex((entry) => entry.type === PROTECTIVE_TYPE && entry.startSector === 1) ?? -1;
  const at = MBR_ENTRIES_OFFSET + Math.max(0, slot) * MBR_ENTRY_BYTES;
  if (slot === -1) {
    mbr.fill(0, MBR_ENTRIES_OFFSET, 510);
    mbr.set([0x00, 0x00, 0x02, 0x00, PROTECTIVE_TYPE, 0xff, 0xff, 0xff, 1, 0, 0, 0], at);
    mbr.set([0x55, 0xaa], 510);
  }
  const hybrid = (parseMbrEntries(mbr)?.filter((entry) => entry.type !== 0).length ?? 0) > 1;
  // In a hybrid MBR the protective entry ends where the first other one begins, wherever the disk ends.
  if (!hybrid) view.setUint32(at + 12, Math.min(lastLba, 0xffff_ffff), true);
  return mbr;
}
