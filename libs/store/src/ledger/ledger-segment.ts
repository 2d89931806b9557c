import { bytesToHex, writeHex, type Digest, type StoreId } from '@lifeboat/model';
import { crcHolds, getUint64, hasAscii, isZero, putAscii, putUint64, sealWithCrc, viewOf, type Invalid } from '../binary/binary.js';
import type { TwinPaths } from '../fs/mirrored-file.js';

/** Byte-exact description: docs/formats/ledger.md. */
export const SEGMENT_HEADER_BYTES = 128;
const MAGIC = 'LBLEDGR\n';
const MAJOR = 1;
const FIELDS_END = 80;

/** Hash that stands before the first record of a store. */
export const genesisHash = '0'.repeat(64) as Digest;

/** First bytes of a ledger file: which record comes first and which hash it continues. */
export type LedgerSegmentHeader = Readonly<{ storeId: StoreId; firstSeq: number; previousHash: Digest; createdAtMs: number }>;

/** The segment's 128 header bytes. */
export function encodeSegmentHeader(header: LedgerSegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = viewOf(bytes);
  putAscii(bytes, 0, MAGIC);
  view.setUint16(8, MAJOR, true);
  view.setUint32(12, SEGMENT_HEADER_BYTES, true);
  writeHex(header.storeId, bytes, 16);
  putUint64(view, 32, header.firstSeq);
  writeHex(header.previousHash, bytes, 40);
  putUint64(view, 72, header.createdAtMs);
  sealWithCrc(bytes, SEGMENT_HEADER_BYTES - 4);
  return bytes;
}

/** Decodes and checks a segment's header. */
export function decodeSegmentHeader(bytes: Uint8Array): LedgerSegmentHeader | Invalid {
  if (bytes.length < SEGMENT_HEADER_BYTES) return { invalid: 'segment header too short' };
  const view = viewOf(bytes);
  if (!hasAscii(bytes, 0, MAGIC)) return { invalid: 'segment magic' };
  if (!crcHolds(bytes.subarray(0, SEGMENT_HEADER_BYTES), SEGMENT_HEADER_BYTES - 4)) return { invalid: 'segment header checksum' };
  const version = view.getUint16(8, true) === MAJOR && view.getUint16(10, true) === 0 && view.getUint32(12, true) === SEGMENT_HEADER_BYTES;
  if (!version || !isZero(bytes, FIELDS_END, SEGMENT_HEADER_BYTES - 4)) return { invalid: 'segment version' };
  const header = {
    storeId: bytesToHex(bytes, 16, 32) as StoreId, firstSeq: getUint64(view, 32), previousHash: bytesToHex(bytes, 40, 72) as Digest, createdAtMs: getUint64(view, 72),
  };
  return header.firstSeq >= 1 ? header : { invalid: 'segment sequence' };
}

/** The ledger lies in two directories with equal files. */
export const ledgerDirectories = ['ledger', 'ledger-mirror'] as const;

/** Name of the segment that begins with record `firstSeq`, in the first directory or the one named. */
export const segmentPathOf = (firstSeq: number, directory: (typeof ledgerDirectories)[number] = 'ledger'): string => `${directory}/${firstSeq.toString(16).padStart(16, '0')}.led`;

/** Names of both copies of that segment. */
export const segmentTwinsOf = (firstSeq: number): TwinPaths => ({ path: segmentPathOf(firstSeq), twin: segmentPathOf(firstSeq, 'ledger-mirror') });

/** The sequence number in a segment's file name; undefined for any other name. */
export function firstSeqOf(fileName: string): number | undefined {
  const match = /^([0-9a-f]{16})\.led$/.exec(fileName);
  const seq = Number.parseInt(match?.[1] ?? '', 16);
  return Number.isSafeInteger(seq) && seq >= 1 ? seq : undefined;
}
