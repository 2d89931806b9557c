import type { Digest } from '@lifeboat/model';
import fc from 'fast-check';
import { decodeFrame, encodeFrame } from './frame-codec.js';
import type { Frame } from './frame.js';

const digest = 'd1'.repeat(32) as Digest;
/** Mutants in all; set LIFEBOAT_FUZZ to a million for a night. */
const numRuns = Number(process.env['LIFEBOAT_FUZZ'] ?? 2000);
const timeoutMs = 86_400_000;

const seeds: readonly Frame[] = [
  {
    type: 'batch', seq: 258, volume: 3, codec: 'raw', plainLengthBytes: 8, payload: Uint8Array.from(Buffer.from('12345678')),
    entries: [
      { kind: 'data', offsetBytes: 65_536, lengthBytes: 8, digest }, { kind: 'zero', offsetBytes: 65_544, lengthBytes: 2 ** 33 + 1 },
      { kind: 'ref', offsetBytes: 2 ** 33 + 65_545, lengthBytes: 4096 }, { kind: 'unreadable', offsetBytes: 2 ** 33 + 69_641, lengthBytes: 512 },
    ],
  },
  { type: 'volume-end', seq: 259, volume: 3, mapRoot: digest },
  { type: 'ack', durableSeq: 2 ** 40 + 7, creditBytes: 2 ** 33 },
  { type: 'fail', code: 'STORE_FULL', message: 'full', retry: 'later', retryAfterMs: 5000 },
  { type: 'read', seq: 9, volume: 2, offsetBytes: 4096, lengthBytes: 2 ** 34, mapOnly: true },
  { type: 'read-end', seq: 9, volume: 2, damagedBytes: 512 },
  { type: 'credit', creditBytes: 1_048_576 },
];

const place = fc.nat({ max: 4096 });
/** A change of the bytes: flips, numbers at which lengths break, cuts, splices. */
const arbChange = fc.oneof(
  fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(([at, mask]) => (bytes: Buffer) => { bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ mask; return bytes; }),
  fc.tuple(place, fc.constantFrom(0, 1, 255, 4096, 65_535, 2 ** 20, 2 ** 31, 2 ** 32 - 1)).map(([at, value]) => (bytes: Buffer) => {
    const field = (at % bytes.length) & ~3;
    if (field + 4 <= bytes.length) bytes.writeUInt32LE(value, field);
    return bytes;
  }),
  place.map((at) => (bytes: Buffer) => bytes.subarray(0, at % bytes.length)),
  fc.tuple(place, place, fc.nat({ max: 80 })).map(([from, at, length]) => (bytes: Buffer) => { bytes.copyWithin(at % bytes.length, from % bytes.length, (from % bytes.length) + length); return bytes; }),
  fc.tuple(place, fc.uint8Array({ maxLength: 60 })).map(([at, more]) => (bytes: Buffer) => Buffer.concat([bytes.subarray(0, at % bytes.length), more, bytes.subarray(at % bytes.length)])),
);

/** Accepted means that these bytes are exactly what the frame is written as; anything else is refused with the one typed error. */
function assertRefusedOrExact(bytes: Buffer): void {
  let frame: Frame;
  try {
    frame = decodeFrame(bytes);
  } catch (error) {
    expect(error).toMatchObject({ code: 'FRAME_INVALID' });
    return;
  }
  // The body of a failure is JSON, which can be worded in more than one way; what it says survives all the same.
  if (frame.type === 'fail') expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
  else expect(Buffer.compare(encodeFrame(frame), bytes)).toBe(0);
}

test('mutated frames are refused or are frames', () => {
  fc.assert(
    fc.property(fc.constantFrom(...seeds), fc.array(arbChange, { minLength: 1, maxLength: 4 }), (seed, changes) => {
      assertRefusedOrExact(changes.reduce<Buffer>((bytes, change) => (bytes.length === 0 ? bytes : change(bytes)), Buffer.from(encodeFrame(seed))));
    }),
    { numRuns },
  );
}, timeoutMs);

test('bytes of any kind are refused or are frames', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom(...seeds.keys()), (bytes, type) => {
    const framed = Buffer.from(bytes);
    // Behind a right magic and type the deeper checks are reached.
    if (framed.length > 5) framed.set([0x4c, 0x42, 0x46, 0x31, type + 1]);
    assertRefusedOrExact(framed);
  }), { numRuns });
}, timeoutMs);
