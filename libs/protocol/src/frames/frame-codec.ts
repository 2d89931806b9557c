import { bytesToHex, chunkBytesMax, PageInvalid, PAGE_ENTRY_BYTES, readMapEntry, writeHex, writeMapEntry, type Digest } from '@lifeboat/model';
import { z } from 'zod';
import { batchEntriesMax, FrameInvalid, segmentBytesMax, type BatchEntry, type BatchFrame, type Codec, type Frame } from './frame.js';

/** Byte-exact description: docs/formats/data-frame.md. Header of every frame, little-endian: magic u32, type u8, codec u8, volume u16, seq u64, four u32 or u64 fields by type. */
export const FRAME_HEADER_BYTES = 32;
const MAGIC = 0x3146424c; // "LBF1"
const REF_KIND = 6;
const TYPES = { batch: 1, 'volume-end': 2, ack: 3, fail: 4, read: 5, 'read-end': 6, credit: 7 } as const;
const TYPE_NAMES = [undefined, 'batch', 'volume-end', 'ack', 'fail', 'read', 'read-end', 'credit'] as const;
const CODECS: readonly Codec[] = ['raw', 'zstd'];
/** Header bytes that a type does not use, as [from, to); zero today, so that a later version may use them without being misread. */
const RESERVED: Readonly<Record<Frame['type'], readonly (readonly [number, number])[]>> = {
  batch: [[28, 32]], 'volume-end': [[5, 6], [16, 32]], ack: [[5, 8], [24, 32]], fail: [[5, 32]], read: [], 'read-end': [[5, 6], [24, 32]], credit: [[5, 16], [24, 32]],
};
const failBody = z.strictObject({ code: z.string().max(64), message: z.string().max(500), retry: z.enum(['never', 'now', 'later']), retryAfterMs: z.number().int().min(0).max(86_400_000) });

/** Encodes any frame. The caller keeps the frame within the limits of `frame.ts`; the returned bytes are the caller's. */
export function encodeFrame(frame: Frame): Uint8Array {
  switch (frame.type) {
    case 'batch':
      return encodeBatch(frame);
    case 'volume-end': {
      const { bytes, view } = header(frame.type, FRAME_HEADER_BYTES + 32, frame);
      writeHex(frame.mapRoot, new Uint8Array(view.buffer, FRAME_HEADER_BYTES, 32), 0);
      return bytes;
    }
    case 'ack': {
      const { bytes, view } = header(frame.type, FRAME_HEADER_BYTES, { seq: frame.durableSeq });
      writeUint(view, 16, frame.creditBytes);
      return bytes;
    }
    case 'credit': {
      const { bytes, view } = header(frame.type, FRAME_HEADER_BYTES, { seq: 0 });
      writeUint(view, 16, frame.creditBytes);
      return bytes;
    }
    case 'fail': {
      const body = new TextEncoder().encode(JSON.stringify({ code: frame.code, message: frame.message, retry: frame.retry, retryAfterMs: frame.retryAfterMs }));
      const { bytes } = header(frame.type, FRAME_HEADER_BYTES + body.length, { seq: 0 });
      bytes.set(body, FRAME_HEADER_BYTES);
      return bytes;
    }
    case 'read': {
      const { bytes, view } = header(frame.type, FRAME_HEADER_BYTES, frame);
      writeUint(view, 16, frame.offsetBytes);
      writeUint(view, 24, frame.lengthBytes);
      view.setUint8(5, frame.mapOnly ? 1 : 0);
      return bytes;
    }
    case 'read-end': {
      const { bytes, view } = header(frame.type, FRAME_HEADER_BYTES, frame);
      writeUint(view, 16, frame.damagedBytes);
      return bytes;
    }
  }
}

/**
 * Decodes a message of the data plane. Payload and table are views into `bytes`, valid as long as it is.
 * @throws FrameInvalid (FRAME_INVALID) for anything but a legal frame. Cost: linear in the number of entries.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length < FRAME_HEADER_BYTES) throw new FrameInvalid('too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== MAGIC) throw new FrameInvalid('magic');
  const type = TYPE_NAMES[view.getUint8(4)];
  if (type === undefined) throw new FrameInvalid('unknown type');
  for (const [from, to] of RESERVED[type]) assertZero(bytes, from, to);
  const seq = readUint(view, 8);
  const volume = view.getUint16(6, true);
  switch (type) {
    case 'batch':
      return decodeBatch(bytes, view);
    case 'volume-end':
      assertLength(bytes, FRAME_HEADER_BYTES + 32);
      return { type, seq, volume, mapRoot: bytesToHex(bytes, FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + 32) as Digest };
    case 'ack':
      assertLength(bytes, FRAME_HEADER_BYTES);
      return { type, durableSeq: seq, creditBytes: readUint(view, 16) };
    case 'credit':
      assertLength(bytes, FRAME_HEADER_BYTES);
      return { type, creditBytes: readUint(view, 16) };
    case 'fail':
      return { type, ...decodeFailBody(bytes) };
    case 'read': {
      assertLength(bytes, FRAME_HEADER_BYTES);
      const offsetBytes = readUint(view, 16);
      const lengthBytes = readUint(view, 24);
      if (lengthBytes === 0 || !Number.isSafeInteger(offsetBytes + lengthBytes)) throw new FrameInvalid('read range');
      if (view.getUint8(5) > 1) throw new FrameInvalid('read flags');
      return { type, seq, volume, offsetBytes, lengthBytes, mapOnly: view.getUint8(5) === 1 };
    }
    case 'read-end':
      assertLength(bytes, FRAME_HEADER_BYTES);
      return { type, seq, volume, damagedBytes: readUint(view, 16) };
  }
}

function encodeBatch(frame: BatchFrame): Uint8Array {
  const tableBytes = frame.entries.length * PAGE_ENTRY_BYTES;
  const { bytes, view } = header('batch', FRAME_HEADER_BYTES + tableBytes + frame.payload.length, frame);
  view.setUint8(5, CODECS.indexOf(frame.codec));
  view.setUint32(16, frame.entries.length, true);
  view.setUint32(20, frame.plainLengthBytes, true);
  view.setUint32(24, frame.payload.length, true);
  frame.entries.forEach((entry, index) => {
    const at = FRAME_HEADER_BYTES + index * PAGE_ENTRY_BYTES;
    if (entry.kind === 'ref') {
      writeMapEntry(view, at, { ...entry, kind: 'zero' });
      view.setUint8(at + 15, REF_KIND);
    } else writeMapEntry(view, at, entry);
  });
  bytes.set(frame.payload, FRAME_HEADER_BYTES + tableBytes);
  return bytes;
}

function decodeBatch(bytes: Uint8Array, view: DataView): BatchFrame {
  const count = view.getUint32(16, true);
  const plainLengthBytes = view.getUint32(20, true);
  const storedLengthBytes = view.getUint32(24, true);
  const codec = CODECS[view.getUint8(5)];
  if (!codec || count === 0 || count > batchEntriesMax || plainLengthBytes > segmentBytesMax) throw new FrameInvalid('batch limits');
  const payloadAt = FRAME_HEADER_BYTES + count * PAGE_ENTRY_BYTES;
  assertLength(bytes, payloadAt + storedLengthBytes);
  if (storedLengthBytes > plainLengthBytes || (codec === 'raw' && storedLengthBytes !== plainLengthBytes)) throw new FrameInvalid('payload length');
  const entries: BatchEntry[] = [];
  let chunkBytes = 0;
  for (let index = 0; index < count; index += 1) {
    const entry = readBatchEntry(view, FRAME_HEADER_BYTES + index * PAGE_ENTRY_BYTES);
    const previous = entries.at(-1);
    if (previous && previous.offsetBytes + previous.lengthBytes !== entry.offsetBytes) throw new FrameInvalid('entries leave a gap or overlap');
    if (entry.kind === 'data') chunkBytes += entry.lengthBytes;
    entries.push(entry);
  }
  if (plainLengthBytes !== 0 && chunkBytes !== plainLengthBytes) throw new FrameInvalid('chunks do not add up to the payload');
  return { type: 'batch', seq: readUint(view, 8), volume: view.getUint16(6, true), entries, codec, plainLengthBytes, payload: bytes.subarray(payloadAt) };
}

function readBatchEntry(view: DataView, at: number): BatchEntry {
  if (view.getUint8(at + 15) === REF_KIND) {
    const offsetBytes = readUint(view, at);
    const lengthBytes = view.getUint32(at + 8, true) + (view.getUint32(at + 12, true) & 0xffffff) * 2 ** 32;
    if (lengthBytes === 0 || !Number.isSafeInteger(offsetBytes + lengthBytes)) throw new FrameInvalid('entry range');
    assertZero(new Uint8Array(view.buffer, view.byteOffset + at, PAGE_ENTRY_BYTES), 16, PAGE_ENTRY_BYTES);
    return { kind: 'ref', offsetBytes, lengthBytes };
  }
  try {
    const entry = readMapEntry(view, at);
    if (entry.kind === 'page') throw new FrameInvalid('a page entry in a batch');
    return entry;
  } catch (error) {
    if (error instanceof PageInvalid) throw new FrameInvalid(`entry: ${String(error.details['reason'])} (chunks have at most ${String(chunkBytesMax)} bytes)`);
    throw error;
  }
}

function decodeFailBody(bytes: Uint8Array): z.infer<typeof failBody> {
  if (bytes.length > FRAME_HEADER_BYTES + 4096) throw new FrameInvalid('fail body too long');
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes.subarray(FRAME_HEADER_BYTES)));
  } catch {
    throw new FrameInvalid('fail body is not JSON');
  }
  const parsed = failBody.safeParse(json);
  if (!parsed.success) throw new FrameInvalid('fail body');
  return parsed.data;
}

function header(type: Frame['type'], lengthBytes: number, at: Readonly<{ seq: number; volume?: number }>): { bytes: Uint8Array; view: DataView<ArrayBuffer> } {
  const bytes = new Uint8Array(lengthBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, TYPES[type]);
  view.setUint16(6, at.volume ?? 0, true);
  writeUint(view, 8, at.seq);
  return { bytes, view };
}

function writeUint(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

function readUint(view: DataView, at: number): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  if (!Number.isSafeInteger(value)) throw new FrameInvalid('number out of range');
  return value;
}

function assertZero(bytes: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to; at += 1) if (bytes[at] !== 0) throw new FrameInvalid('reserved bytes');
}

function assertLength(bytes: Uint8Array, expected: number): void {
  if (bytes.length !== expected) throw new FrameInvalid('length');
}
