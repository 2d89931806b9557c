import { getUint64, isInvalid, viewOf } from '../binary/binary.js';
import type { PackListing } from '../pack/list-records.js';
import type { ListedRecord } from '../pack/pack-footer.js';
import { PACK_HEADER_BYTES } from '../pack/pack-header.js';
import { decodeRecordHeader, decodeRecordTable, payloadOffsetOf, RECORD_HEADER_BYTES, RECORD_MAGIC, recordLengthOf } from '../pack/segment-record.js';

/** An offset of 64 bits stands before each header in a footer, and all lengths in it are multiples of 8. */
const STEP_BYTES = 8;

/**
 * The records of a pack whose footer does not verify as a whole: those a scan found, and those that intact entries of the footer still name. Without these the
 * digests of a record that rotted together with the footer could not be told. In the order of their offsets.
 */
export function salvageFooter(bytes: Uint8Array, { packId, records: scanned, recordsEnd }: PackListing): ListedRecord[] {
  const found = new Map(scanned.map((record) => [record.recordOffset, record]));
  const view = viewOf(bytes);
  // A rotten record may hide where the records end, so the search begins at the last one found; headers of records themselves are told apart by their offset.
  for (let at = recordsEnd; at + STEP_BYTES + RECORD_HEADER_BYTES <= bytes.length; at += STEP_BYTES) {
    const headerAt = at + STEP_BYTES;
    if (view.getUint32(headerAt, true) !== RECORD_MAGIC) continue;
    const header = decodeRecordHeader(bytes.subarray(headerAt, headerAt + RECORD_HEADER_BYTES), packId);
    if (isInvalid(header)) continue;
    const recordOffset = getUint64(view, at);
    const lies = recordOffset >= PACK_HEADER_BYTES && recordOffset + recordLengthOf(header) <= at;
    const entries = decodeRecordTable(bytes.subarray(headerAt + RECORD_HEADER_BYTES, headerAt + payloadOffsetOf(header)), header);
    if (lies && !isInvalid(entries) && !found.has(recordOffset)) found.set(recordOffset, { recordOffset, header, entries });
  }
  return [...found.values()].sort((left, right) => left.recordOffset - right.recordOffset);
}
