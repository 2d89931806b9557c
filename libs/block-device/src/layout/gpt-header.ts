import { crc32 } from 'node:zlib';
import { MIB } from '@lifeboat/model';
import { readGuid, writeGuid } from './guid.js';

/** Fields up to and including the table CRC; the rest of the sector is reserved and zero. */
export const GPT_HEADER_BYTES = 92;
export const GPT_ENTRY_BYTES = 128;
/** A partition number beyond this is refused by the layout model; real tables hold 128, rarely 256. */
const ENTRY_COUNT_MAX = 1024;
const ENTRY_BYTES_MAX = 4096;
const TABLE_BYTES_MAX = MIB;
const SIGNATURE = 'EFI PART';
const REVISION_1_0 = 0x0001_0000;

/**
 * A GPT header; all positions are logical block addresses.
 * @see UEFI Specification 2.10, section 5.3.2.
 */
export type GptHeader = Readonly<{
  myLba: number;
  alternateLba: number;
  firstUsableLba: number;
  lastUsableLba: number;
  diskGuid: string;
  entriesLba: number;
  entryCount: number;
  entryBytes: number;
  entriesCrc: number;
}>;

/** Reads and checks the header found at `lba`. Returns the header, or one word saying what is wrong with it. Never throws. */
export function parseGptHeader(sector: Uint8Array, lba: number): GptHeader | string {
  const view = new DataView(sector.buffer, sector.byteOffset, sector.byteLength);
  if (Buffer.from(sector.subarray(0, 8)).toString('latin1') !== SIGNATURE) return 'no signature';
  const headerBytes = view.getUint32(12, true);
  if (headerBytes < GPT_HEADER_BYTES || headerBytes > sector.length) return 'absurd header size';
  // Copied by the constructor: `slice` of a Buffer would be a view.
  const copy = new Uint8Array(sector.subarray(0, headerBytes));
  copy.fill(0, 16, 20);
  if (crc32(copy) !== view.getUint32(16, true)) return 'header checksum wrong';
  const header: GptHeader = {
    myLba: lbaAt(view, 24),
    alternateLba: lbaAt(view, 32),
    firstUsableLba: lbaAt(view, 40),
    lastUsableLba: lbaAt(view, 48),
    diskGuid: readGuid(sector, 56),
    entriesLba: lbaAt(view, 72),
    entryCount: view.getUint32(80, true),
    entryBytes: view.getUint32(84, true),
    entriesCrc: view.getUint32(88, true),
  };
  return problemOf(header, lba) ?? header;
}

function problemOf(header: GptHeader, lba: number): string | null {
  if (header.myLba !== lba) return 'header belongs to another place';
  if (header.entryCount < 1 || header.entryCount > ENTRY_COUNT_MAX) return 'absurd number of entries';
  const { entryBytes } = header;
  if (entryBytes < GPT_ENTRY_BYTES || entryBytes > ENTRY_BYTES_MAX || !Number.isInteger(Math.log2(entryBytes))) return 'absurd entry size';
  if (header.entryCount * entryBytes > TABLE_BYTES_MAX) return 'absurd table size';
  if (header.firstUsableLba > header.lastUsableLba + 1) return 'usable area is empty';
  return null;
}

/** A 64-bit address as a number; one that no disk can have becomes the largest number and so fails every range check. */
function lbaAt(view: DataView, offset: number): number {
  const lba = view.getBigUint64(offset, true);
  return lba > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(lba);
}

/** The header as one sector, with its checksum. */
export function encodeGptHeader(header: GptHeader, sectorBytes: number): Uint8Array {
  const sector = new Uint8Array(sectorBytes);
  const view = new DataView(sector.buffer);
  sector.set(Buffer.from(SIGNATURE, 'latin1'), 0);
  view.setUint32(8, REVISION_1_0, true);
  view.setUint32(12, GPT_HEADER_BYTES, true);
  view.setBigUint64(24, BigInt(header.myLba), true);
  view.setBigUint64(32, BigInt(header.alternateLba), true);
  view.setBigUint64(40, BigInt(header.firstUsableLba), true);
  view.setBigUint64(48, BigInt(header.lastUsableLba), true);
  writeGuid(header.diskGuid, sector, 56);
  view.setBigUint64(72, BigInt(header.entriesLba), true);
  view.setUint32(80, header.entryCount, true);
  view.setUint32(84, header.entryBytes, true);
  view.setUint32(88, header.entriesCrc, true);
  view.setUint32(16, crc32(sector.subarray(0, GPT_HEADER_BYTES)), true);
  return sector;
}
