import { crc32 } from '@lifeboat/codec';
import { bytesToHex, MapCounts, MachineId, RestorePointId, SessionId, Digest, writeHex, assertInvariant, type ErrorDetails } from '@lifeboat/model';
import { decodeFrame, encodeFrame, FrameInvalid, SessionOpen, type BatchFrame, type VolumeEndFrame } from '@lifeboat/protocol';
import { z } from 'zod';
import { SessionJournalDamaged } from '../errors.js';

/** Byte-exact description: docs/formats/session-journal.md. All numbers are little-endian. */
export const SEGMENT_HEADER_BYTES = 64;
export const RECORD_HEADER_BYTES = 32;
/** Longest body of a record; a longer claim is damage. */
export const recordBodyBytesMax = 48 * 1024 * 1024;
export const RECORD_MAGIC = Uint8Array.of(0x4c, 0x42, 0x4a, 0x52); // "LBJR"
const SEGMENT_MAGIC = 0x4a53424c; // "LBSJ"
const VERSION = 1;
const FRAME_META_BYTES = 24;
const COUNTS_BYTES = 32;
const TYPES = { open: 1, group: 2, intent: 3 } as const;
const TYPE_NAMES = [undefined, 'open', 'group', 'intent'] as const;

const byteCount = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** What the session was opened with, and what its bases were found to be. Stands at the start of every segment. */
export const JournalOpen = z.strictObject({
  machineId: MachineId,
  openedAtMs: byteCount,
  request: SessionOpen,
  bases: z.array(z.strictObject({
    point: z.strictObject({ pointId: RestorePointId, mapRoot: Digest }).nullable(),
    prefix: z.strictObject({ mapRoot: Digest, lengthBytes: byteCount.positive() }).nullable(),
  })),
});
export type JournalOpen = z.infer<typeof JournalOpen>;

/** The identity the point is going to have: written before the point, so that a repeated commit makes the same point. */
export const CommitIntent = z.strictObject({ pointId: RestorePointId, createdAtMs: byteCount });
export type CommitIntent = z.infer<typeof CommitIntent>;

/** A frame as the journal keeps it: without payload, with what it cost, and at a volume's end with what the volume holds. */
export type JournalFrame = Readonly<{
  receivedBytes: number; plainBytes: number; storedBytes: number;
  frame: BatchFrame | VolumeEndFrame;
  /** Only of a volume-end. */
  counts: MapCounts | null;
}>;

export type JournalRecord =
  | Readonly<{ type: 'open'; open: JournalOpen }>
  | Readonly<{ type: 'group'; frames: readonly JournalFrame[] }>
  | Readonly<{ type: 'intent'; intent: CommitIntent }>;

export type SegmentHeader = Readonly<{ sessionId: SessionId; segment: number; /** Frames up to here are in earlier segments; later ones there are void. */ baseSeq: number }>;

export type RecordHeader = Readonly<{ type: JournalRecord['type']; recordNo: number; bodyLengthBytes: number; bodyCrc: number; atMs: number }>;

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SEGMENT_MAGIC, true);
  view.setUint16(4, VERSION, true);
  view.setUint32(8, header.segment, true);
  view.setBigUint64(16, BigInt(header.baseSeq), true);
  writeHex(header.sessionId, bytes, 24);
  view.setUint32(60, crc32(bytes.subarray(0, 60)), true);
  return bytes;
}

/** The header, or undefined when the bytes are not one. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, SEGMENT_HEADER_BYTES);
  const intact = view.getUint32(0, true) === SEGMENT_MAGIC && view.getUint16(4, true) === VERSION && view.getUint32(60, true) === crc32(bytes.subarray(0, 60));
  const sessionId = SessionId.safeParse(bytesToHex(bytes, 24, 40));
  const baseSeq = Number(view.getBigUint64(16, true));
  if (!intact || !sessionId.success || !Number.isSafeInteger(baseSeq)) return undefined;
  return { sessionId: sessionId.data, segment: view.getUint32(8, true), baseSeq };
}

/** One record, ready to be appended. `recordNo` counts from 0 in each segment. */
export function encodeRecord(record: JournalRecord, place: Readonly<{ recordNo: number; atMs: number }>): Uint8Array {
  const body = encodeBody(record);
  assertInvariant(body.length <= recordBodyBytesMax, 'a journal record stays within its limit', { length: body.length });
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  bytes.set(RECORD_MAGIC, 0);
  view.setUint8(4, TYPES[record.type]);
  view.setUint32(8, place.recordNo, true);
  view.setUint32(12, body.length, true);
  view.setBigUint64(16, BigInt(place.atMs), true);
  view.setUint32(24, crc32(body), true);
  view.setUint32(28, crc32(bytes.subarray(0, 28)), true);
  bytes.set(body, RECORD_HEADER_BYTES);
  return bytes;
}

/** The header of a record, or undefined when the bytes are not one. */
export function decodeRecordHeader(bytes: Uint8Array): RecordHeader | undefined {
  if (bytes.length < RECORD_HEADER_BYTES || RECORD_MAGIC.some((byte, at) => bytes[at] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEADER_BYTES);
  const type = TYPE_NAMES[view.getUint8(4)];
  const bodyLengthBytes = view.getUint32(12, true);
  const atMs = Number(view.getBigUint64(16, true));
  if (!type || view.getUint32(28, true) !== crc32(bytes.subarray(0, 28)) || bodyLengthBytes > recordBodyBytesMax || !Number.isSafeInteger(atMs)) return undefined;
  return { type, recordNo: view.getUint32(8, true), bodyLengthBytes, bodyCrc: view.getUint32(24, true), atMs };
}

/**
 * The record in a body whose CRC held.
 * @throws SessionJournalDamaged (SESSION_JOURNAL_DAMAGED) the body is whole but not what a writer of this format writes.
 */
export function decodeBody(header: RecordHeader, body: Uint8Array, file: string): JournalRecord {
  const damaged = (reason: string): SessionJournalDamaged => new SessionJournalDamaged({ file, reason } satisfies ErrorDetails);
  switch (header.type) {
    case 'open':
      return { type: 'open', open: parseJson(JournalOpen, body, damaged) };
    case 'intent':
      return { type: 'intent', intent: parseJson(CommitIntent, body, damaged) };
    case 'group':
      try {
        return { type: 'group', frames: decodeGroup(body) };
      } catch (error) {
        if (error instanceof FrameInvalid || error instanceof RangeError) throw damaged('a frame in a group');
        throw error;
      }
  }
}

/** Bytes that `frame` takes in a group record. */
export const journalFrameBytes = (frame: BatchFrame | VolumeEndFrame): number =>
  FRAME_META_BYTES + 32 + (frame.type === 'batch' ? frame.entries.length * 48 : 32 + COUNTS_BYTES);

function encodeBody(record: JournalRecord): Uint8Array {
  switch (record.type) {
    case 'open':
      return new TextEncoder().encode(JSON.stringify(record.open));
    case 'intent':
      return new TextEncoder().encode(JSON.stringify(record.intent));
    case 'group':
      return encodeGroup(record.frames);
  }
}

function encodeGroup(frames: readonly JournalFrame[]): Uint8Array {
  const body = new Uint8Array(frames.reduce((sum, { frame }) => sum + journalFrameBytes(frame), 0));
  const view = new DataView(body.buffer);
  let at = 0;
  for (const { frame, counts, receivedBytes, plainBytes, storedBytes } of frames) {
    const bytes = encodeFrame(frame);
    [bytes.length, receivedBytes, plainBytes].forEach((value, index) => { view.setUint32(at + index * 4, value, true); });
    view.setBigUint64(at + 16, BigInt(storedBytes), true);
    body.set(bytes, at + FRAME_META_BYTES);
    at += FRAME_META_BYTES + bytes.length;
    if (frame.type !== 'volume-end') continue;
    assertInvariant(counts !== null, 'a volume-end carries its counts');
    [counts.dataBytes, counts.zeroBytes, counts.unallocatedBytes, counts.unreadableBytes].forEach((value, index) => { view.setBigUint64(at + index * 8, BigInt(value), true); });
    at += COUNTS_BYTES;
  }
  return body;
}

function decodeGroup(body: Uint8Array): JournalFrame[] {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const frames: JournalFrame[] = [];
  let at = 0;
  while (at < body.length) {
    const lengthBytes = view.getUint32(at, true);
    const cost = { receivedBytes: view.getUint32(at + 4, true), plainBytes: view.getUint32(at + 8, true), storedBytes: Number(view.getBigUint64(at + 16, true)) };
    at += FRAME_META_BYTES;
    const frame = decodeFrame(body.subarray(at, at + lengthBytes));
    if (frame.type !== 'batch' && frame.type !== 'volume-end') throw new FrameInvalid('type in a journal');
    at += lengthBytes;
    frames.push({ ...cost, frame, counts: frame.type === 'volume-end' ? decodeCounts(view, at) : null });
    if (frame.type === 'volume-end') at += COUNTS_BYTES;
  }
  return frames;
}

function decodeCounts(view: DataView, at: number): MapCounts {
  const [dataBytes, zeroBytes, unallocatedBytes, unreadableBytes] = [0, 8, 16, 24].map((skip) => Number(view.getBigUint64(at + skip, true)));
  const counts = MapCounts.safeParse({ dataBytes, zeroBytes, unallocatedBytes, unreadableBytes });
  if (!counts.success) throw new FrameInvalid('counts in a journal');
  return counts.data;
}

function parseJson<T>(schema: z.ZodType<T>, body: Uint8Array, damaged: (reason: string) => SessionJournalDamaged): T {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw damaged('a record is not JSON');
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw damaged('a record breaks its schema');
  return parsed.data;
}
