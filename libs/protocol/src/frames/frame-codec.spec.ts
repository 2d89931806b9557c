import { chunkBytesMax, type Digest } from '@lifeboat/model';
import fc from 'fast-check';
import { decodeFrame, encodeFrame } from './frame-codec.js';
import { batchEntriesMax, FrameInvalid, frameBytesMax, segmentBytesMax, type BatchEntry, type BatchFrame, type Frame } from './frame.js';

const digest = 'd1'.repeat(32) as Digest;

/** The bytes of docs/formats/data-frame.md, packed there by another program; a change here is a change of the protocol. */
const golden: readonly Readonly<{ frame: Frame; hex: string }>[] = [
  {
    frame: {
      type: 'batch', seq: 258, volume: 3, codec: 'zstd', plainLengthBytes: 8, payload: Uint8Array.from(Buffer.from('hello')),
      entries: [
        { kind: 'data', offsetBytes: 65_536, lengthBytes: 8, digest }, { kind: 'zero', offsetBytes: 65_544, lengthBytes: 2 ** 33 + 1 },
        { kind: 'ref', offsetBytes: 2 ** 33 + 65_545, lengthBytes: 4096 }, { kind: 'unreadable', offsetBytes: 2 ** 33 + 69_641, lengthBytes: 512 },
      ],
    },
    hex: '4c4246310101030002010000000000000400000008000000050000000000000000000100000000000800000000000001d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d108000100000000000100000002000002000000000000000000000000000000000000000000000000000000000000000009000100020000000010000000000006000000000000000000000000000000000000000000000000000000000000000009100100020000000002000000000004000000000000000000000000000000000000000000000000000000000000000068656c6c6f',
  },
  { frame: { type: 'volume-end', seq: 259, volume: 3, mapRoot: digest }, hex: '4c42463102000300030100000000000000000000000000000000000000000000d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1' },
  { frame: { type: 'ack', durableSeq: 2 ** 40 + 7, creditBytes: 2 ** 33 }, hex: '4c42463103000000070000000001000000000000020000000000000000000000' },
  { frame: { type: 'fail', code: 'STORE_FULL', message: 'full', retry: 'later', retryAfterMs: 5000 }, hex: '4c424631040000000000000000000000000000000000000000000000000000007b22636f6465223a2253544f52455f46554c4c222c226d657373616765223a2266756c6c222c227265747279223a226c61746572222c22726574727941667465724d73223a353030307d' },
  { frame: { type: 'read', seq: 9, volume: 2, offsetBytes: 4096, lengthBytes: 2 ** 34, mapOnly: true }, hex: '4c42463105010200090000000000000000100000000000000000000004000000' },
  { frame: { type: 'read-end', seq: 9, volume: 2, damagedBytes: 512 }, hex: '4c42463106000200090000000000000000020000000000000000000000000000' },
  { frame: { type: 'credit', creditBytes: 1_048_576 }, hex: '4c42463107000000000000000000000000001000000000000000000000000000' },
];

const arbUint = fc.oneof(fc.nat(), fc.maxSafeNat());
const arbVolume = fc.nat(65_535);
const arbDigest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex') as Digest);

/** Entries that follow each other, as every batch has them. */
const arbEntries = fc
  .tuple(fc.nat(2 ** 40), fc.array(fc.tuple(fc.constantFrom('data' as const, 'zero' as const, 'unallocated' as const, 'unreadable' as const, 'ref' as const), fc.integer({ min: 1, max: 1500 }), arbDigest), { minLength: 1, maxLength: 20 }))
  .map(([start, parts]) => {
    let next = start;
    return parts.map(([kind, lengthBytes, name]): BatchEntry => {
      const offsetBytes = next;
      next += lengthBytes;
      return kind === 'data' ? { kind, offsetBytes, lengthBytes, digest: name } : { kind, offsetBytes, lengthBytes };
    });
  });
const arbBatch = fc.tuple(arbUint, arbVolume, arbEntries, fc.boolean(), fc.nat(1000)).map(([seq, volume, entries, mapOnly, gain]): BatchFrame => {
  const plainLengthBytes = mapOnly ? 0 : entries.reduce((sum, entry) => sum + (entry.kind === 'data' ? entry.lengthBytes : 0), 0);
  const codec = gain > 0 ? 'zstd' : 'raw';
  return { type: 'batch', seq, volume, entries, codec, plainLengthBytes, payload: new Uint8Array(Math.max(0, plainLengthBytes - gain)).fill(7) };
});
const arbFrame: fc.Arbitrary<Frame> = fc.oneof(
  arbBatch,
  fc.record({ type: fc.constant('volume-end' as const), seq: arbUint, volume: arbVolume, mapRoot: arbDigest }),
  fc.record({ type: fc.constant('ack' as const), durableSeq: arbUint, creditBytes: arbUint }),
  fc.record({ type: fc.constant('fail' as const), code: fc.string({ maxLength: 64 }), message: fc.string({ maxLength: 20, unit: 'grapheme' }), retry: fc.constantFrom('never' as const, 'now' as const, 'later' as const), retryAfterMs: fc.nat(86_400_000) }),
  fc.record({ type: fc.constant('read' as const), seq: arbUint, volume: arbVolume, offsetBytes: fc.nat(2 ** 50), lengthBytes: fc.integer({ min: 1, max: 2 ** 50 }), mapOnly: fc.boolean() }),
  fc.record({ type: fc.constant('read-end' as const), seq: arbUint, volume: arbVolume, damagedBytes: arbUint }),
  fc.record({ type: fc.constant('credit' as const), creditBytes: arbUint }),
);

test.each(golden)('golden bytes of $frame.type', ({ frame, hex }) => {
  expect(Buffer.from(encodeFrame(frame)).toString('hex')).toBe(hex);
  expect(decodeFrame(Buffer.from(hex, 'hex'))).toEqual({ ...frame, ...(frame.type === 'batch' ? { payload: Buffer.from('hello') } : {}) });
});

test('every frame comes back as it was, from any place in a larger buffer', () => {
  fc.assert(fc.property(arbFrame, fc.nat(9), (frame, skip) => {
    const bytes = encodeFrame(frame);
    const buffer = new Uint8Array(skip + bytes.length + 5);
    buffer.set(bytes, skip);
    expect(decodeFrame(buffer.subarray(skip, skip + bytes.length))).toEqual(frame);
    expect(bytes.length).toBeLessThanOrEqual(frameBytesMax);
  }), { numRuns: 300 });
});

test('arbitrary bytes are refused as FRAME_INVALID', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, magic) => {
    if (magic) bytes.set(Buffer.from('LBF1').subarray(0, bytes.length));
    try {
      expect(Buffer.from(encodeFrame(decodeFrame(bytes))).equals(bytes)).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(FrameInvalid);
    }
  }), { numRuns: 2000 });
});

test('a changed or cut frame is another legal frame or FRAME_INVALID, never anything else', () => {
  const small = golden.map(({ hex }) => Buffer.from(hex, 'hex'));
  fc.assert(fc.property(fc.constantFrom(...small), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(60), (original, changes, cut) => {
    const bytes = Uint8Array.from(original.subarray(0, original.length - (cut > 40 ? cut - 40 : 0)));
    for (const [at, value] of changes) bytes[at % Math.max(1, bytes.length)] = value;
    try {
      const frame = decodeFrame(bytes);
      // JSON may be written in several ways; every other frame has exactly one encoding.
      if (frame.type !== 'fail') expect(Buffer.from(encodeFrame(frame)).equals(bytes)).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(FrameInvalid);
    }
  }), { numRuns: 3000 });
});

describe('a batch is refused', () => {
  const chunk = { kind: 'data', offsetBytes: 0, lengthBytes: 4, digest } as const;
  const good: BatchFrame = { type: 'batch', seq: 1, volume: 0, codec: 'raw', plainLengthBytes: 4, payload: new Uint8Array(4), entries: [chunk] };
  const zeros = (count: number): BatchEntry[] => Array.from({ length: count }, (_, at) => ({ kind: 'zero', offsetBytes: at, lengthBytes: 1 }));

  test('never when it is legal', () => {
    expect(decodeFrame(encodeFrame(good))).toEqual(good);
    expect(decodeFrame(encodeFrame({ ...good, plainLengthBytes: 0, payload: new Uint8Array(0), entries: zeros(batchEntriesMax) }))).toMatchObject({ type: 'batch' });
  });

  test.each<{ when: string; frame: BatchFrame }>([
    { when: 'it has no entries', frame: { ...good, plainLengthBytes: 0, payload: new Uint8Array(0), entries: [] } },
    { when: 'it has too many entries', frame: { ...good, plainLengthBytes: 0, payload: new Uint8Array(0), entries: zeros(batchEntriesMax + 1) } },
    { when: 'its chunks do not add up to its payload', frame: { ...good, plainLengthBytes: 5, payload: new Uint8Array(5) } },
    { when: 'its payload is longer than what it expands to', frame: { ...good, codec: 'zstd', payload: new Uint8Array(5) } },
    { when: 'raw bytes are shorter than they claim', frame: { ...good, payload: new Uint8Array(3) } },
    { when: 'its entries leave a gap', frame: { ...good, entries: [chunk, { kind: 'zero', offsetBytes: 5, lengthBytes: 1 }] } },
    { when: 'its entries overlap', frame: { ...good, entries: [chunk, { kind: 'zero', offsetBytes: 3, lengthBytes: 1 }] } },
    { when: 'an entry is empty', frame: { ...good, entries: [chunk, { kind: 'ref', offsetBytes: 4, lengthBytes: 0 }] } },
    { when: 'a chunk is too long', frame: { ...good, plainLengthBytes: 0, payload: new Uint8Array(0), entries: [{ ...chunk, lengthBytes: chunkBytesMax + 1 }] } },
    { when: 'it expands to more than a segment', frame: { ...good, codec: 'zstd', plainLengthBytes: segmentBytesMax + 1, entries: [{ ...chunk, lengthBytes: chunkBytesMax }, { ...chunk, offsetBytes: chunkBytesMax, lengthBytes: 1 }] } },
    { when: 'an offset is beyond safe numbers', frame: { ...good, plainLengthBytes: 0, payload: new Uint8Array(0), entries: [{ kind: 'ref', offsetBytes: Number.MAX_SAFE_INTEGER, lengthBytes: 5 }] } },
  ])('when $when', ({ frame }) => {
    expect(() => decodeFrame(encodeFrame(frame))).toThrow(FrameInvalid);
  });
});
