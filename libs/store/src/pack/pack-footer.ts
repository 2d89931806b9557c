import { crc32 } from '@lifeboat/codec';
import { bytesToHex, writeHex, type PackId } from '@lifeboat/model';
import { crcHolds, getUint64, hasAscii, isInvalid, isZero, putAscii, putUint64, sealWithCrc, viewOf, type Invalid } from '../binary/binary.js';
import { PACK_HEADER_BYTES } from './pack-header.js';
import { decodeRecordHeader, decodeRecordTable, payloadOffsetOf, RECORD_HEADER_BYTES, recordLengthOf, type RecordEntry, type RecordHeader } from './segment-record.js';

/** Byte-exact description: docs/formats/pack.md. The trailer is written twice, so the last 256 bytes of a sealed pack are trailers. */
export const TRAILER_BYTES = 128;
export const TRAILERS_BYTES = 2 * TRAILER_BYTES;
/** Longest footer a reader accepts; a pack of 512-byte chunks needs 6 MiB. */
export const footerBytesMax = 64 * 1024 * 1024;
const MAGIC = 'LBTRAIL\n';
const MAJOR = 1;
const OFFSET_BYTES = 8;

/** A record as its pack lists it: where it is, its header and its table. */
export type ListedRecord = Readonly<{ recordOffset: number; header: RecordHeader; entries: readonly RecordEntry[] }>;

/** Copy of a record's header and table, kept for the footer. */
export type FooterEntry = Readonly<{ recordOffset: number; headerAndTable: Uint8Array }>;

/** Where the footer is and how long the sealed file must be. */
export type PackTrailer = Readonly<{ packId: PackId; recordCount: number; footerOffset: number; footerLengthBytes: number; footerCrc: number; fileLengthBytes: number }>;

/** Footer and both trailers of a pack whose records end at `footerOffset`. */
export function encodeFooter(packId: PackId, footerOffset: number, entries: readonly FooterEntry[]): Uint8Array {
  const footerLengthBytes = entries.reduce((sum, entry) => sum + OFFSET_BYTES + entry.headerAndTable.length, 0);
  const bytes = new Uint8Array(footerLengthBytes + TRAILERS_BYTES);
  const view = viewOf(bytes);
  let at = 0;
  for (const entry of entries) {
    putUint64(view, at, entry.recordOffset);
    bytes.set(entry.headerAndTable, at + OFFSET_BYTES);
    at += OFFSET_BYTES + entry.headerAndTable.length;
  }
  const trailer = encodeTrailer({
    packId, recordCount: entries.length, footerOffset, footerLengthBytes, footerCrc: crc32(bytes.subarray(0, at)), fileLengthBytes: footerOffset + bytes.length,
  });
  bytes.set(trailer, at);
  bytes.set(trailer, at + TRAILER_BYTES);
  return bytes;
}

function encodeTrailer(trailer: PackTrailer): Uint8Array {
  const bytes = new Uint8Array(TRAILER_BYTES);
  const view = viewOf(bytes);
  putAscii(bytes, 0, MAGIC);
  view.setUint16(8, MAJOR, true);
  view.setUint32(12, trailer.recordCount, true);
  putUint64(view, 16, trailer.footerOffset);
  view.setUint32(24, trailer.footerLengthBytes, true);
  view.setUint32(28, trailer.footerCrc, true);
  putUint64(view, 32, trailer.fileLengthBytes);
  writeHex(trailer.packId, bytes, 40);
  sealWithCrc(bytes, TRAILER_BYTES - 4);
  return bytes;
}

/** Decodes one trailer of a file of `fileLengthBytes`; its numbers are consistent with that length. */
export function decodeTrailer(bytes: Uint8Array, packId: PackId, fileLengthBytes: number): PackTrailer | Invalid {
  if (bytes.length !== TRAILER_BYTES || !hasAscii(bytes, 0, MAGIC)) return { invalid: 'trailer magic' };
  if (!crcHolds(bytes, TRAILER_BYTES - 4)) return { invalid: 'trailer checksum' };
  const view = viewOf(bytes);
  if (view.getUint16(8, true) !== MAJOR || view.getUint16(10, true) !== 0 || !isZero(bytes, 56, TRAILER_BYTES - 4)) return { invalid: 'trailer version' };
  const trailer: PackTrailer = {
    packId: bytesToHex(bytes, 40, 56) as PackId, recordCount: view.getUint32(12, true), footerOffset: getUint64(view, 16),
    footerLengthBytes: view.getUint32(24, true), footerCrc: view.getUint32(28, true), fileLengthBytes: getUint64(view, 32),
  };
  if (trailer.packId !== packId) return { invalid: 'trailer of another pack' };
  const consistent = trailer.fileLengthBytes === fileLengthBytes && trailer.footerOffset >= PACK_HEADER_BYTES && trailer.footerLengthBytes <= footerBytesMax
    && trailer.footerOffset + trailer.footerLengthBytes + TRAILERS_BYTES === fileLengthBytes;
  return consistent ? trailer : { invalid: 'trailer does not fit the file' };
}

/** Decodes a footer: the records in order of their offsets, none overlapping. */
export function decodeFooter(bytes: Uint8Array, trailer: PackTrailer): ListedRecord[] | Invalid {
  if (bytes.length !== trailer.footerLengthBytes || crc32(bytes) !== trailer.footerCrc) return { invalid: 'footer checksum' };
  const view = viewOf(bytes);
  const records: ListedRecord[] = [];
  let at = 0;
  let recordsEnd = PACK_HEADER_BYTES;
  while (at < bytes.length) {
    if (at + OFFSET_BYTES + RECORD_HEADER_BYTES > bytes.length) return { invalid: 'footer too short' };
    const recordOffset = getUint64(view, at);
    const header = decodeRecordHeader(bytes.subarray(at + OFFSET_BYTES, at + OFFSET_BYTES + RECORD_HEADER_BYTES), trailer.packId);
    if (isInvalid(header)) return header;
    const tableAt = at + OFFSET_BYTES + RECORD_HEADER_BYTES;
    const entries = decodeRecordTable(bytes.subarray(tableAt, at + OFFSET_BYTES + payloadOffsetOf(header)), header);
    if (isInvalid(entries)) return entries;
    if (!(recordOffset >= recordsEnd && recordOffset + recordLengthOf(header) <= trailer.footerOffset)) return { invalid: 'footer record place' };
    recordsEnd = recordOffset + recordLengthOf(header);
    records.push({ recordOffset, header, entries });
    at += OFFSET_BYTES + payloadOffsetOf(header);
  }
  return records.length === trailer.recordCount ? records : { invalid: 'footer record count' };
}
