import { crc32 } from '@lifeboat/codec';
import type { StoreFile } from '@lifeboat/store';
import { readUpTo } from './journal-files.js';
import {
  decodeBody, decodeRecordHeader, decodeSegmentHeader, RECORD_HEADER_BYTES, RECORD_MAGIC, SEGMENT_HEADER_BYTES, type JournalRecord, type RecordHeader, type SegmentHeader,
} from './journal-format.js';

/**
 * How a segment ends. `whole` with its last record · `torn` in a record that was being written when the machine stopped: nothing after it was
 * acknowledged · `damaged` a valid record follows an invalid one: acknowledged frames are lost.
 */
export type SegmentEnd = 'whole' | 'torn' | 'damaged';

export type SegmentScan = Readonly<{ header: SegmentHeader | undefined; end: SegmentEnd }>;

type OnRecord = (record: JournalRecord, header: RecordHeader) => Promise<void> | void;

const windowBytes = 1024 * 1024;

/**
 * Reads a segment from its start, record by record, up to the first that is not valid. Memory is bounded by one record.
 * @throws SessionJournalDamaged (SESSION_JOURNAL_DAMAGED) a record with a right checksum has an impossible content; whatever `onRecord` throws.
 */
export async function scanSegment(file: StoreFile, name: string, onRecord: OnRecord): Promise<SegmentScan> {
  const sizeBytes = await file.size();
  const header = decodeSegmentHeader(await readUpTo(file, 0, SEGMENT_HEADER_BYTES));
  let position = header ? SEGMENT_HEADER_BYTES : 0;
  for (let recordNo = 0; header && position < sizeBytes; recordNo += 1) {
    const found = await readRecord(file, position, sizeBytes);
    if (found?.header.recordNo !== recordNo) break;
    await onRecord(decodeBody(found.header, found.body, name), found.header);
    position += RECORD_HEADER_BYTES + found.body.length;
  }
  if (header && position === sizeBytes) return { header, end: 'whole' };
  return { header, end: (await hasRecordAfter(file, position, sizeBytes)) ? 'damaged' : 'torn' };
}

async function readRecord(file: StoreFile, position: number, sizeBytes: number): Promise<{ header: RecordHeader; body: Uint8Array } | undefined> {
  const header = decodeRecordHeader(await readUpTo(file, position, RECORD_HEADER_BYTES));
  if (!header || position + RECORD_HEADER_BYTES + header.bodyLengthBytes > sizeBytes) return undefined;
  const body = await readUpTo(file, position + RECORD_HEADER_BYTES, header.bodyLengthBytes);
  return crc32(body) === header.bodyCrc ? { header, body } : undefined;
}

/**
 * Looks for a valid record behind an invalid one. An `open` record does not count: it is written together with the segment's header, before
 * anything in the segment is acknowledged; every later record is written only after the one before it was synced.
 */
async function hasRecordAfter(file: StoreFile, position: number, sizeBytes: number): Promise<boolean> {
  for (let start = position; start < sizeBytes; start += windowBytes) {
    const window = Buffer.from(await readUpTo(file, start, windowBytes + RECORD_MAGIC.length - 1));
    for (let at = window.indexOf(RECORD_MAGIC); at >= 0; at = window.indexOf(RECORD_MAGIC, at + 1)) {
      const found = await readRecord(file, start + at, sizeBytes);
      if (found && found.header.type !== 'open') return true;
    }
  }
  return false;
}
