import { crc32 } from '@lifeboat/codec';
import { MIB, type PackId } from '@lifeboat/model';
import { isInvalid, viewOf } from '../binary/binary.js';
import { readFullyAt } from '../fs/file-io.js';
import type { StoreFile } from '../fs/store-fs.js';
import { PACK_HEADER_BYTES } from './pack-header.js';
import type { ListedRecord } from './pack-footer.js';
import { decodeRecordHeader, decodeRecordTable, payloadOffsetOf, RECORD_ALIGN_BYTES, RECORD_HEADER_BYTES, RECORD_MAGIC, recordLengthOf, type RecordHeader } from './segment-record.js';

/** A part of a pack as a forward scan finds it: a record that verifies, or bytes that are none. */
export type ScannedPart =
  | Readonly<{ kind: 'record'; record: ListedRecord; headerAndTable: Uint8Array }>
  | Readonly<{ kind: 'gap'; offsetBytes: number; lengthBytes: number; reason: string }>;

/** What is scanned: an open file of `sizeBytes`, named by `path` in errors. */
export type ScannedPack = Readonly<{ file: StoreFile; path: string; packId: PackId; sizeBytes: number }>;

const searchBytes = MIB;

/**
 * Reads a pack record by record, trusting nothing but checksums. After bytes that are no record it searches for the next record header at each
 * aligned place, so one damaged length costs one record. Footers and trailers come out as gaps.
 *
 * Cost: reads the pack once; holds one record in memory.
 */
export async function* scanRecords(pack: ScannedPack): AsyncGenerator<ScannedPart> {
  let at = PACK_HEADER_BYTES;
  while (at < pack.sizeBytes) {
    const found = await readRecordAt(pack, at);
    if (found.kind === 'gap') {
      const next = found.lengthBytes > 0 ? at + found.lengthBytes : await findNextRecord(pack, at + RECORD_ALIGN_BYTES);
      yield { ...found, lengthBytes: next - at };
      at = next;
    } else {
      yield found;
      at += recordLengthOf(found.record.header);
    }
  }
}

/** The record at `at`; a gap of length 0 when not even its header verifies. */
async function readRecordAt(pack: ScannedPack, at: number): Promise<ScannedPart> {
  const gap = (reason: string, lengthBytes = 0): ScannedPart => ({ kind: 'gap', offsetBytes: at, lengthBytes, reason });
  if (at + RECORD_HEADER_BYTES > pack.sizeBytes) return gap('incomplete record header', pack.sizeBytes - at);
  const head = new Uint8Array(RECORD_HEADER_BYTES);
  await readFullyAt(pack.file, head, { path: pack.path, offsetBytes: at });
  const header = decodeRecordHeader(head, pack.packId);
  if (isInvalid(header)) return gap(header.invalid);
  const lengthBytes = recordLengthOf(header);
  if (at + lengthBytes > pack.sizeBytes) return gap('incomplete record', pack.sizeBytes - at);
  const bytes = new Uint8Array(lengthBytes);
  await readFullyAt(pack.file, bytes, { path: pack.path, offsetBytes: at });
  if (!payloadHolds(bytes, header)) return gap('record payload checksum', lengthBytes);
  const payloadAt = payloadOffsetOf(header);
  const entries = decodeRecordTable(bytes.subarray(RECORD_HEADER_BYTES, payloadAt), header);
  if (isInvalid(entries)) return gap(entries.invalid, lengthBytes);
  return { kind: 'record', record: { recordOffset: at, header, entries }, headerAndTable: bytes.slice(0, payloadAt) };
}

/** Tells whether the payload of a record with a valid header is what was written; `bytes` is the whole record. */
export function payloadHolds(bytes: Uint8Array, header: RecordHeader): boolean {
  const payloadAt = payloadOffsetOf(header);
  return crc32(bytes.subarray(payloadAt, payloadAt + header.storedLengthBytes)) === header.payloadCrc;
}

async function findNextRecord(pack: ScannedPack, from: number): Promise<number> {
  for (let at = from; at + RECORD_HEADER_BYTES <= pack.sizeBytes; at += searchBytes) {
    const window = new Uint8Array(Math.min(searchBytes + RECORD_HEADER_BYTES, pack.sizeBytes - at));
    await readFullyAt(pack.file, window, { path: pack.path, offsetBytes: at });
    const view = viewOf(window);
    for (let inside = 0; inside + RECORD_HEADER_BYTES <= window.length; inside += RECORD_ALIGN_BYTES) {
      if (view.getUint32(inside, true) !== RECORD_MAGIC) continue;
      if (!isInvalid(decodeRecordHeader(window.subarray(inside, inside + RECORD_HEADER_BYTES), pack.packId))) return at + inside;
    }
  }
  return pack.sizeBytes;
}
