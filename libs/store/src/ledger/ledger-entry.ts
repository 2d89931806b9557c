import { crc32, digestOf } from '@lifeboat/codec';
import { bytesToHex, LedgerEvent, writeHex, type Digest } from '@lifeboat/model';
import { canonicalJson } from '../binary/canonical-json.js';
import { alignUp, crcHolds, getUint64, isInvalid, isZero, putUint64, sealWithCrc, viewOf, type Invalid } from '../binary/binary.js';

/** Byte-exact description: docs/formats/ledger.md. */
export const ENTRY_HEADER_BYTES = 80;
/** Entries begin at multiples of this; padding is zeros. */
export const ENTRY_ALIGN_BYTES = 8;
export const ENTRY_MAGIC = 0x524c424c; // "LBLR" in little-endian order
const VERSION = 1;
/** Longest event, as JSON in UTF-8. */
export const eventBytesMax = 1024 * 1024;

/**
 * An entry of the ledger as it lies on disk. `hash` covers header and body and is what the next entry names as `previousHash`.
 * `event` is undefined when the body is intact but not an event this version knows.
 */
export type LedgerEntry = Readonly<{
  seq: number; atMs: number; previousHash: Digest; hash: Digest; event: LedgerEvent | undefined;
  offsetBytes: number; lengthBytes: number;
}>;

type EntryHeader = Readonly<{ seq: number; atMs: number; previousHash: Digest; bodyLengthBytes: number; bodyCrc: number }>;

/** An entry's bytes with padding, and its hash. */
export function encodeEntry(entry: Readonly<{ seq: number; atMs: number; previousHash: Digest; event: LedgerEvent }>): { bytes: Uint8Array; hash: Digest } {
  const body = new TextEncoder().encode(canonicalJson(entry.event));
  const end = ENTRY_HEADER_BYTES + body.length;
  const bytes = new Uint8Array(alignUp(end, ENTRY_ALIGN_BYTES));
  const view = viewOf(bytes);
  view.setUint32(0, ENTRY_MAGIC, true);
  view.setUint8(4, VERSION);
  view.setUint32(8, body.length, true);
  view.setUint32(12, crc32(body), true);
  putUint64(view, 16, entry.seq);
  putUint64(view, 24, entry.atMs);
  writeHex(entry.previousHash, bytes, 32);
  // The checksum ends the header, so that neither its first nor its last byte is naturally zero: recovery tells tears by zeroed sectors.
  sealWithCrc(bytes.subarray(0, ENTRY_HEADER_BYTES), ENTRY_HEADER_BYTES - 4);
  bytes.set(body, ENTRY_HEADER_BYTES);
  return { bytes, hash: digestOf(bytes.subarray(0, end)) };
}

/** Decodes the entry at `offsetBytes` of a segment's bytes. */
export function decodeEntry(bytes: Uint8Array, offsetBytes: number): LedgerEntry | Invalid {
  const header = decodeEntryHeader(bytes.subarray(offsetBytes, offsetBytes + ENTRY_HEADER_BYTES));
  if (isInvalid(header)) return header;
  const end = offsetBytes + ENTRY_HEADER_BYTES + header.bodyLengthBytes;
  const paddedEnd = alignUp(end, ENTRY_ALIGN_BYTES);
  if (paddedEnd > bytes.length) return { invalid: 'incomplete record' };
  const body = bytes.subarray(offsetBytes + ENTRY_HEADER_BYTES, end);
  if (crc32(body) !== header.bodyCrc) return { invalid: 'record checksum' };
  if (!isZero(bytes, end, paddedEnd)) return { invalid: 'record padding' };
  return {
    seq: header.seq, atMs: header.atMs, previousHash: header.previousHash, hash: digestOf(bytes.subarray(offsetBytes, end)),
    event: parseEvent(body), offsetBytes, lengthBytes: paddedEnd - offsetBytes,
  };
}

/** Decodes an entry's 80 header bytes; the body may be missing. */
export function decodeEntryHeader(bytes: Uint8Array): EntryHeader | Invalid {
  if (bytes.length < ENTRY_HEADER_BYTES) return { invalid: 'incomplete record header' };
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== ENTRY_MAGIC) return { invalid: 'record magic' };
  if (!crcHolds(bytes.subarray(0, ENTRY_HEADER_BYTES), ENTRY_HEADER_BYTES - 4)) return { invalid: 'record header checksum' };
  if (view.getUint8(4) !== VERSION || !isZero(bytes, 5, 8) || !isZero(bytes, 64, ENTRY_HEADER_BYTES - 4)) return { invalid: 'record version' };
  const header = {
    seq: getUint64(view, 16), atMs: getUint64(view, 24), previousHash: bytesToHex(bytes, 32, 64) as Digest,
    bodyLengthBytes: view.getUint32(8, true), bodyCrc: view.getUint32(12, true),
  };
  if (!(header.seq >= 1) || !(header.atMs >= 0) || header.bodyLengthBytes === 0 || header.bodyLengthBytes > eventBytesMax) return { invalid: 'record fields' };
  return header;
}

/** Undefined for anything but an event of this version. */
function parseEvent(body: Uint8Array): LedgerEvent | undefined {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // The checksum holds, so another program wrote this; the caller refuses what it does not understand.
    return undefined;
  }
  const parsed = LedgerEvent.safeParse(json);
  return parsed.success ? parsed.data : undefined;
}
