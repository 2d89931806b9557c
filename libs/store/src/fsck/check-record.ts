import { digestOf, expand } from '@lifeboat/codec';
import { isLifeboatError } from '@lifeboat/model';
import { isInvalid, isZero } from '../binary/binary.js';
import { readFullyAt } from '../fs/file-io.js';
import type { StoreFile } from '../fs/store-fs.js';
import type { ListedRecord } from '../pack/pack-footer.js';
import { payloadHolds } from '../pack/scan-records.js';
import { decodeRecordHeader, decodeRecordTable, payloadOffsetOf, RECORD_HEADER_BYTES, recordLengthOf } from '../pack/segment-record.js';

/** Why a record does not verify, and which of its entries cannot be read because of that; none when only padding or a checksum is wrong. */
export type RecordDamage = Readonly<{ reason: string; damagedEntries: ReadonlySet<number> }>;

/**
 * Reads a listed record and checks every byte of it: header and table against the list, payload by checksum, each chunk by digest. Null when all is well. A record
 * whose own header or table rotted is read by their copy in the footer, as the store does.
 */
export async function checkRecord(file: StoreFile, path: string, listed: ListedRecord): Promise<RecordDamage | null> {
  const bytes = new Uint8Array(recordLengthOf(listed.header));
  await readFullyAt(file, bytes, { path, offsetBytes: listed.recordOffset });
  const header = decodeRecordHeader(bytes.subarray(0, RECORD_HEADER_BYTES), listed.header.packId);
  const payloadAt = payloadOffsetOf(listed.header);
  const payloadEnd = payloadAt + listed.header.storedLengthBytes;
  const damagedEntries = (): Set<number> => findDamagedEntries(bytes.subarray(payloadAt, payloadEnd), listed);
  if (isInvalid(header)) return { reason: header.invalid, damagedEntries: damagedEntries() };
  if (header.headerCrc !== listed.header.headerCrc) return { reason: 'the record is not the one the footer lists', damagedEntries: new Set(listed.entries.keys()) };
  const table = decodeRecordTable(bytes.subarray(RECORD_HEADER_BYTES, payloadAt), header);
  if (isInvalid(table)) return { reason: table.invalid, damagedEntries: damagedEntries() };
  const damaged = damagedEntries();
  if (!payloadHolds(bytes, header)) return { reason: 'record payload checksum', damagedEntries: damaged };
  if (damaged.size > 0) return { reason: 'digest of a chunk', damagedEntries: damaged };
  return isZero(bytes, payloadEnd, bytes.length) ? null : { reason: 'record padding', damagedEntries: damaged };
}

function findDamagedEntries(stored: Uint8Array, { header, entries }: ListedRecord): Set<number> {
  const damaged = new Set<number>();
  let plain: Uint8Array;
  try {
    plain = expand(header.codec, stored, header.plainLengthBytes);
  } catch (error) {
    if (!isLifeboatError(error)) throw error;
    return new Set(entries.keys());
  }
  entries.forEach((entry, index) => {
    if (digestOf(plain.subarray(entry.offsetBytes, entry.offsetBytes + entry.lengthBytes)) !== entry.digest) damaged.add(index);
  });
  return damaged;
}
