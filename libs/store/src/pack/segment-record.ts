import { crc32, type StoredCodec } from '@lifeboat/codec';
import { bytesToHex, writeHex, type Digest, type PackId } from '@lifeboat/model';
import { alignUp, crcHolds, isZero, sealWithCrc, viewOf, type Invalid } from '../binary/binary.js';

/** Byte-exact description: docs/formats/segment-record.md. */
export const RECORD_HEADER_BYTES = 96;
export const RECORD_ENTRY_BYTES = 40;
/** Records begin at multiples of this; the gap before the next is zeros. */
export const RECORD_ALIGN_BYTES = 16;
/** Plain bytes one record may hold. */
export const recordPlainBytesMax = 1024 * 1024;
/** Chunks one record may hold. */
export const recordEntriesMax = 4096;
export const RECORD_MAGIC = 0x4753424c; // "LBSG" in little-endian order
const VERSION = 1;
const TYPES = ['chunks', 'page'] as const;
const CODECS: readonly StoredCodec[] = ['raw', 'zstd'];

export type RecordType = (typeof TYPES)[number];

/** One content of a record: its name and where its plain bytes lie among the record's plain bytes. */
export type RecordEntry = Readonly<{ digest: Digest; offsetBytes: number; lengthBytes: number }>;

/** The fixed part of a record. Lengths are bytes; `recordNo` counts from 0 within a pack. */
export type RecordHeader = Readonly<{
  type: RecordType; codec: StoredCodec; recordNo: number; entryCount: number; plainLengthBytes: number; storedLengthBytes: number;
  tableCrc: number; payloadCrc: number; previousHeaderCrc: number; headerCrc: number; packId: PackId;
}>;

/** What a record is made of. Chunks lie in `payload`'s plain bytes in this order, without gaps. */
export type RecordContent = Readonly<{
  type: RecordType; codec: StoredCodec; plainLengthBytes: number; payload: Uint8Array; chunks: readonly Readonly<{ digest: Digest; lengthBytes: number }>[];
}>;

/** A record's place among its neighbours. */
export type RecordPlace = Readonly<{ packId: PackId; recordNo: number; previousHeaderCrc: number }>;

/** Bytes from a record's begin to its payload. */
export const payloadOffsetOf = (header: RecordHeader): number => RECORD_HEADER_BYTES + header.entryCount * RECORD_ENTRY_BYTES;

/** Bytes a record takes in its pack, padding included. */
export const recordLengthOf = (header: RecordHeader): number => alignUp(payloadOffsetOf(header) + header.storedLengthBytes, RECORD_ALIGN_BYTES);

/** Bytes of the longest possible record. */
export const recordBytesMax = alignUp(RECORD_HEADER_BYTES + recordEntriesMax * RECORD_ENTRY_BYTES + recordPlainBytesMax, RECORD_ALIGN_BYTES);

/**
 * The bytes of a record, padding included, and its header's checksum for the next record.
 * @param target room for the record, at least {@link recordBytesMax}; the result is a view of it, valid until the next use of it.
 */
export function encodeRecord(content: RecordContent, place: RecordPlace, target: Uint8Array): { bytes: Uint8Array; headerCrc: number } {
  const tableBytes = content.chunks.length * RECORD_ENTRY_BYTES;
  const payloadAt = RECORD_HEADER_BYTES + tableBytes;
  const end = payloadAt + content.payload.length;
  const bytes = target.subarray(0, alignUp(end, RECORD_ALIGN_BYTES));
  bytes.fill(0, 0, RECORD_HEADER_BYTES);
  bytes.fill(0, end);
  const view = viewOf(bytes);
  let offsetBytes = 0;
  let at = RECORD_HEADER_BYTES;
  for (const chunk of content.chunks) {
    writeHex(chunk.digest, bytes, at);
    view.setUint32(at + 32, offsetBytes, true);
    view.setUint32(at + 36, chunk.lengthBytes, true);
    offsetBytes += chunk.lengthBytes;
    at += RECORD_ENTRY_BYTES;
  }
  bytes.set(content.payload, payloadAt);
  view.setUint32(0, RECORD_MAGIC, true);
  view.setUint8(4, VERSION);
  view.setUint8(5, TYPES.indexOf(content.type) + 1);
  view.setUint8(6, CODECS.indexOf(content.codec));
  view.setUint32(8, place.recordNo, true);
  view.setUint32(12, content.chunks.length, true);
  view.setUint32(16, content.plainLengthBytes, true);
  view.setUint32(20, content.payload.length, true);
  view.setUint32(24, tableBytes, true);
  view.setUint32(28, crc32(bytes.subarray(RECORD_HEADER_BYTES, payloadAt)), true);
  view.setUint32(32, crc32(content.payload), true);
  view.setUint32(36, place.previousHeaderCrc, true);
  writeHex(place.packId, bytes, 40);
  sealWithCrc(bytes, RECORD_HEADER_BYTES - 4);
  return { bytes, headerCrc: view.getUint32(RECORD_HEADER_BYTES - 4, true) };
}

/** Decodes the 96 bytes of a header and checks every limit that bounds what reading the rest may cost. */
export function decodeRecordHeader(bytes: Uint8Array, packId: PackId): RecordHeader | Invalid {
  if (bytes.length < RECORD_HEADER_BYTES) return { invalid: 'record header too short' };
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== RECORD_MAGIC) return { invalid: 'record magic' };
  if (!crcHolds(bytes.subarray(0, RECORD_HEADER_BYTES), RECORD_HEADER_BYTES - 4)) return { invalid: 'record header checksum' };
  const type = TYPES[view.getUint8(5) - 1];
  const codec = CODECS[view.getUint8(6)];
  if (view.getUint8(4) !== VERSION || !type || !codec) return { invalid: 'record version, type or codec' };
  // Byte 7 is flags, 56-91 key epoch, authentication tag and room: none has a meaning in this version.
  if (view.getUint8(7) !== 0 || !isZero(bytes, 56, RECORD_HEADER_BYTES - 4)) return { invalid: 'record reserved bytes' };
  const header: RecordHeader = {
    type, codec, recordNo: view.getUint32(8, true), entryCount: view.getUint32(12, true), plainLengthBytes: view.getUint32(16, true),
    storedLengthBytes: view.getUint32(20, true), tableCrc: view.getUint32(28, true), payloadCrc: view.getUint32(32, true),
    previousHeaderCrc: view.getUint32(36, true), headerCrc: view.getUint32(RECORD_HEADER_BYTES - 4, true), packId: bytesToHex(bytes, 40, 56) as PackId,
  };
  if (header.packId !== packId) return { invalid: 'record of another pack' };
  if (header.entryCount === 0 || header.entryCount > recordEntriesMax || view.getUint32(24, true) !== header.entryCount * RECORD_ENTRY_BYTES) return { invalid: 'record table length' };
  if (header.plainLengthBytes === 0 || header.plainLengthBytes > recordPlainBytesMax) return { invalid: 'record plain length' };
  if (header.storedLengthBytes === 0 || header.storedLengthBytes > header.plainLengthBytes) return { invalid: 'record stored length' };
  if (codec === 'raw' && header.storedLengthBytes !== header.plainLengthBytes) return { invalid: 'record stored length' };
  return header;
}

/** Decodes the table of a record whose header is valid. Entries fill the plain bytes in order, without gaps. */
export function decodeRecordTable(table: Uint8Array, header: RecordHeader): RecordEntry[] | Invalid {
  if (table.length !== header.entryCount * RECORD_ENTRY_BYTES) return { invalid: 'record table length' };
  if (crc32(table) !== header.tableCrc) return { invalid: 'record table checksum' };
  const view = viewOf(table);
  const entries: RecordEntry[] = [];
  let next = 0;
  for (let at = 0; at < table.length; at += RECORD_ENTRY_BYTES) {
    const offsetBytes = view.getUint32(at + 32, true);
    const lengthBytes = view.getUint32(at + 36, true);
    if (offsetBytes !== next || lengthBytes === 0) return { invalid: 'record table order' };
    next += lengthBytes;
    entries.push({ digest: bytesToHex(table, at, at + 32) as Digest, offsetBytes, lengthBytes });
  }
  if (next !== header.plainLengthBytes) return { invalid: 'record table does not fill the record' };
  return entries;
}
