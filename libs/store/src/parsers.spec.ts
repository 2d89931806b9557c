import type { MachineId, PackId, RestorePointId, StoreId } from '@lifeboat/model';
import fc from 'fast-check';
import { decodeEntry, encodeEntry } from './ledger/ledger-entry.js';
import { encodeSegmentHeader, genesisHash, SEGMENT_HEADER_BYTES } from './ledger/ledger-segment.js';
import { parseSegment } from './ledger/parse-segment.js';
import { decodeFooter, decodeTrailer, encodeFooter, TRAILER_BYTES, TRAILERS_BYTES } from './pack/pack-footer.js';
import { decodePackHeader, encodePackHeader, PACK_HEADER_BYTES } from './pack/pack-header.js';
import { scanRecords, type ScannedPart } from './pack/scan-records.js';
import { decodeRecordHeader, decodeRecordTable, encodeRecord, payloadOffsetOf, recordBytesMax } from './pack/segment-record.js';
import { decodePointFile } from './point/point-file.js';
import { decodeStoreFile } from './store-file/store-file.js';
import { MemoryStoreFs } from './testing/memory-store-fs.js';
import { digestOf } from '@lifeboat/codec';

const storeId = '11'.repeat(16) as StoreId;
const packId = '22'.repeat(16) as PackId;
const identity = { storeId, machineId: '33'.repeat(16) as MachineId, pointId: '44'.repeat(16) as RestorePointId };
const packHeader = encodePackHeader({ storeId, packId, kind: 'data', writerToken: 1, createdSeq: 1, createdAtMs: 1 });
const scratch = new Uint8Array(recordBytesMax);

function record(recordNo: number, chunks: readonly Uint8Array[]): Buffer {
  const payload = Buffer.concat(chunks);
  const content = { type: 'chunks', codec: 'raw', plainLengthBytes: payload.length, payload, chunks: chunks.map((chunk) => ({ digest: digestOf(chunk), lengthBytes: chunk.length })) } as const;
  return Buffer.from(encodeRecord(content, { packId, recordNo, previousHeaderCrc: 0 }, scratch).bytes);
}

async function scan(bytes: Buffer): Promise<ScannedPart[]> {
  const fs = new MemoryStoreFs();
  const file = await fs.open('pack', 'create');
  await file.writeAt(bytes, 0);
  const parts: ScannedPart[] = [];
  for await (const part of scanRecords({ file, path: 'pack', packId, sizeBytes: bytes.length })) parts.push(part);
  return parts;
}

describe('parsers of bytes from a disk', () => {
  test('answer to anything', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
      expect(decodeStoreFile(bytes)).toHaveProperty('invalid');
      expect(decodePackHeader(bytes)).toHaveProperty('invalid');
      expect(decodeRecordHeader(bytes, packId)).toHaveProperty('invalid');
      expect(decodeTrailer(bytes, packId, 10_000)).toHaveProperty('invalid');
      expect(decodePointFile(bytes, identity)).toHaveProperty('invalid');
      expect(decodeEntry(bytes, 0)).toHaveProperty('invalid');
      expect(parseSegment(bytes).entries).toEqual([]);
      expect((await scan(Buffer.concat([packHeader, bytes]))).every((part) => part.kind === 'gap')).toBe(true);
    }));
  });

  test('find every record but the one that a changed byte hits', async () => {
    const records = [[1, 2], [3], [4, 5, 6], [7]].map((seeds, index) => record(index, seeds.map((seed) => new Uint8Array(100 * seed).fill(seed))));
    const starts = records.map((_, index) => PACK_HEADER_BYTES + records.slice(0, index).reduce((sum, bytes) => sum + bytes.length, 0));
    const pack = Buffer.concat([packHeader, ...records]);
    await fc.assert(fc.asyncProperty(fc.integer({ min: PACK_HEADER_BYTES, max: pack.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const bytes = Buffer.from(pack);
      bytes[at] = (bytes[at] ?? 0) ^ change;
      const found = (await scan(bytes)).flatMap((part) => (part.kind === 'record' ? [part.record.recordOffset] : []));
      const hit = starts.findLastIndex((start) => start <= at);
      expect(starts.filter((_, index) => index !== hit).every((start) => found.includes(start))).toBe(true);
      expect(found.every((start) => starts.includes(start))).toBe(true);
    }));
  });

  test('refuse a footer with any changed byte', () => {
    const first = record(0, [Buffer.from('hello')]);
    const header = decodeRecordHeader(first, packId);
    if ('invalid' in header) throw new Error(header.invalid);
    expect(decodeRecordTable(first.subarray(96, payloadOffsetOf(header)), header)).toHaveLength(1);
    const footerOffset = PACK_HEADER_BYTES + first.length;
    const footer = Buffer.from(encodeFooter(packId, footerOffset, [{ recordOffset: PACK_HEADER_BYTES, headerAndTable: first.subarray(0, payloadOffsetOf(header)) }]));
    const fileBytes = footerOffset + footer.length;
    const trailerOf = (bytes: Buffer, copy: number): ReturnType<typeof decodeTrailer> => {
      const at = bytes.length - TRAILERS_BYTES + copy * TRAILER_BYTES;
      return decodeTrailer(bytes.subarray(at, at + TRAILER_BYTES), packId, fileBytes);
    };
    const trailer = trailerOf(footer, 0);
    if ('invalid' in trailer) throw new Error(trailer.invalid);
    expect(decodeFooter(footer.subarray(0, -TRAILERS_BYTES), trailer)).toHaveLength(1);
    for (let at = 0; at < footer.length; at += 1) {
      const bytes = Buffer.from(footer);
      bytes[at] = (bytes[at] ?? 0) ^ 0x40;
      const broken = ['invalid' in decodeFooter(bytes.subarray(0, -TRAILERS_BYTES), trailer), 'invalid' in trailerOf(bytes, 0), 'invalid' in trailerOf(bytes, 1)];
      expect(broken.filter(Boolean)).toHaveLength(1);
    }
  });
});

describe('a ledger segment', () => {
  const build = (sizes: readonly number[]): { bytes: Buffer; ends: number[] } => {
    const parts: Uint8Array[] = [encodeSegmentHeader({ storeId, firstSeq: 1, previousHash: genesisHash, createdAtMs: 5 })];
    const ends: number[] = [];
    let previousHash = genesisHash;
    let end = SEGMENT_HEADER_BYTES;
    sizes.forEach((size, index) => {
      const entry = encodeEntry({ seq: index + 1, atMs: 5, previousHash, event: { type: 'writer.takeover', writerToken: 1, host: 'h'.repeat(size), pid: 1 } });
      parts.push(entry.bytes);
      previousHash = entry.hash;
      ends.push((end += entry.bytes.length));
    });
    return { bytes: Buffer.concat(parts), ends };
  };
  const sizes = fc.array(fc.integer({ min: 1, max: 250 }), { minLength: 1, maxLength: 6 });

  test('cut anywhere keeps its whole records and calls the rest a tear', () => {
    fc.assert(fc.property(sizes, fc.nat(), (hosts, cut) => {
      const { bytes, ends } = build(hosts);
      const length = SEGMENT_HEADER_BYTES + (cut % (bytes.length - SEGMENT_HEADER_BYTES + 1));
      const parsed = parseSegment(bytes.subarray(0, length));
      expect(parsed.entries).toHaveLength(ends.filter((end) => end <= length).length);
      expect(parsed.tail.kind).toBe(length === SEGMENT_HEADER_BYTES || ends.includes(length) ? 'clean' : 'torn');
    }));
  });

  test('whose last record lost any of its sectors is torn', () => {
    fc.assert(fc.property(sizes, fc.nat(63), (hosts, lost) => {
      const { bytes, ends } = build(hosts);
      const start = ends.at(-2) ?? SEGMENT_HEADER_BYTES;
      const sectors = [...new Set(Array.from({ length: bytes.length - start }, (_, index) => Math.floor((start + index) / 512)))];
      const gone = sectors.filter((_, index) => (lost >> index) & 1);
      fc.pre(gone.length > 0);
      for (const sector of gone) bytes.fill(0, Math.max(start, sector * 512), Math.min(bytes.length, (sector + 1) * 512));
      const parsed = parseSegment(bytes);
      expect(parsed.entries).toHaveLength(hosts.length - 1);
      expect(parsed.tail.kind).toBe('torn');
    }));
  });

  test('with a changed byte is damaged, never torn, and never gives a wrong record', () => {
    fc.assert(fc.property(sizes, fc.nat(), fc.integer({ min: 1, max: 255 }), (hosts, place, change) => {
      const { bytes } = build(hosts);
      const intact = parseSegment(bytes).entries;
      const at = place % bytes.length;
      fc.pre(bytes[at] !== change);
      bytes[at] = (bytes[at] ?? 0) ^ change;
      const parsed = parseSegment(bytes);
      expect(parsed.tail.kind).toBe('damaged');
      expect(intact.slice(0, parsed.entries.length).map((entry) => entry.hash)).toEqual(parsed.entries.map((entry) => entry.hash));
    }));
  });
});
