import { bytesToHex, writeHex, type PackId, type StoreId } from '@lifeboat/model';
import { crcHolds, getUint64, hasAscii, isZero, putAscii, putUint64, sealWithCrc, viewOf, type Invalid } from '../binary/binary.js';

/** Byte-exact description: docs/formats/pack.md. */
export const PACK_HEADER_BYTES = 4096;
const MAGIC = 'LBPACK\r\n';
const MAJOR = 1;
const DIGEST_BLAKE3_256 = 1;
const KIND_CODES = { data: 1, meta: 2 } as const;
const FIELDS_END = 80;

/** `data` packs hold segments of chunks, `meta` packs hold index pages. */
export type PackKind = keyof typeof KIND_CODES;

/** What a pack says of itself in its first 4096 bytes. */
export type PackHeader = Readonly<{
  storeId: StoreId; packId: PackId; kind: PackKind;
  /** Which owner of the store wrote the pack; grows with each owner. */
  writerToken: number;
  /** Last ledger sequence number when the pack was begun. */
  createdSeq: number;
  createdAtMs: number;
}>;

/** The header's 4096 bytes. */
export function encodePackHeader(header: PackHeader): Uint8Array {
  const bytes = new Uint8Array(PACK_HEADER_BYTES);
  const view = viewOf(bytes);
  putAscii(bytes, 0, MAGIC);
  view.setUint16(8, MAJOR, true);
  view.setUint32(12, PACK_HEADER_BYTES, true);
  writeHex(header.storeId, bytes, 16);
  writeHex(header.packId, bytes, 32);
  view.setUint8(48, KIND_CODES[header.kind]);
  view.setUint8(49, DIGEST_BLAKE3_256);
  putUint64(view, 56, header.writerToken);
  putUint64(view, 64, header.createdSeq);
  putUint64(view, 72, header.createdAtMs);
  sealWithCrc(bytes, PACK_HEADER_BYTES - 4);
  return bytes;
}

/** Decodes and checks a header; unknown versions, digests or encryption are invalid, never skipped. */
export function decodePackHeader(bytes: Uint8Array): PackHeader | Invalid {
  if (bytes.length < PACK_HEADER_BYTES) return { invalid: 'pack header too short' };
  const view = viewOf(bytes);
  if (!hasAscii(bytes, 0, MAGIC)) return { invalid: 'pack magic' };
  if (!crcHolds(bytes.subarray(0, PACK_HEADER_BYTES), PACK_HEADER_BYTES - 4)) return { invalid: 'pack header checksum' };
  if (view.getUint16(8, true) !== MAJOR || view.getUint16(10, true) !== 0 || view.getUint32(12, true) !== PACK_HEADER_BYTES) return { invalid: 'pack version' };
  const kindCode = view.getUint8(48);
  const kind = kindCode === KIND_CODES.data ? 'data' : kindCode === KIND_CODES.meta ? 'meta' : undefined;
  if (!kind || view.getUint8(49) !== DIGEST_BLAKE3_256) return { invalid: 'pack kind or digest' };
  // Bytes 50-55 are the encryption scheme and key epoch; a pack that uses them is not readable by this version.
  if (!isZero(bytes, 50, 56) || !isZero(bytes, FIELDS_END, PACK_HEADER_BYTES - 4)) return { invalid: 'pack reserved bytes' };
  const [writerToken, createdSeq, createdAtMs] = [getUint64(view, 56), getUint64(view, 64), getUint64(view, 72)];
  if (Number.isNaN(writerToken + createdSeq + createdAtMs)) return { invalid: 'pack numbers' };
  return { storeId: bytesToHex(bytes, 16, 32) as StoreId, packId: bytesToHex(bytes, 32, 48) as PackId, kind, writerToken, createdSeq, createdAtMs };
}
