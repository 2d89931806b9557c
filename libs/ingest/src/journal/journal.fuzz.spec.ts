import { crc32 } from '@lifeboat/codec';
import { MachineId, RestorePointId, SessionId, type Digest } from '@lifeboat/model';
import fc from 'fast-check';
import { MemorySessionsFs } from '../testing/memory-sessions-fs.js';
import { segmentPath, writeFully } from './journal-files.js';
import { encodeRecord, encodeSegmentHeader, type JournalFrame } from './journal-format.js';
import { recoverJournal } from './recover-journal.js';

/** Mutants, with and without repaired checksums; set LIFEBOAT_FUZZ to a million for a night. */
const numRuns = Number(process.env['LIFEBOAT_FUZZ'] ?? 250);
const timeoutMs = 86_400_000;
const sessionId = SessionId.parse('5e'.repeat(16));
const digest = 'd1'.repeat(32) as Digest;

const frame = (seq: number): JournalFrame => ({
  frame: { type: 'batch', seq, volume: 0, codec: 'raw', plainLengthBytes: 0, payload: new Uint8Array(0), entries: [{ kind: 'data', offsetBytes: (seq - 1) * 4096, lengthBytes: 4096, digest }] },
  counts: null, receivedBytes: 10, plainBytes: 4096, storedBytes: 7,
});
const records = [
  {
    type: 'open' as const, open: {
      machineId: MachineId.parse('a'.repeat(32)), openedAtMs: 1000, bases: [{ point: null, prefix: null }],
      request: { requestId: '1'.repeat(32), jobId: null, volumes: [{ volumeId: 'disk/1', lengthBytes: 12_288 }], basePointId: null, resumeSessionId: null },
    },
  },
  { type: 'group' as const, frames: [frame(1), frame(2)] },
  { type: 'group' as const, frames: [frame(3)] },
  { type: 'intent' as const, intent: { pointId: RestorePointId.parse('c'.repeat(32)), createdAtMs: 5000 } },
];
const seed = Buffer.concat([encodeSegmentHeader({ sessionId, segment: 0, baseSeq: 0 }), ...records.map((record, recordNo) => encodeRecord(record, { recordNo, atMs: 5 }))]);

/** Makes the checksums of the header and of every record right, as far as the lengths say where they lie. */
function reseal(bytes: Buffer): void {
  if (bytes.length >= 64) bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
  for (let at = 64; at + 32 <= bytes.length; ) {
    const end = Math.min(bytes.length, at + 32 + bytes.readUInt32LE(at + 12));
    bytes.writeUInt32LE(crc32(bytes.subarray(at + 32, end)), at + 24);
    bytes.writeUInt32LE(crc32(bytes.subarray(at, at + 28)), at + 28);
    at = end;
  }
}

/** Recovers a segment of these bytes: what comes back is a journal without holes, or the one typed error. @returns the numbers of its frames. */
async function recover(bytes: Buffer): Promise<number[]> {
  const fs = new MemorySessionsFs();
  const path = segmentPath(sessionId, 0);
  const file = await fs.open(path, 'create');
  await writeFully(file, { path, position: 0 }, bytes);
  await file.sync();
  try {
    const recovered = await recoverJournal(fs, sessionId, [0]);
    const numbers: number[] = [];
    await recovered?.journal.replay((found) => {
      numbers.push(found.frame.seq);
      return Promise.resolve();
    });
    expect(numbers).toEqual(numbers.map((_, index) => (recovered?.baseSeq ?? 0) + index + 1));
    return numbers;
  } catch (error) {
    expect(error).toMatchObject({ code: 'SESSION_JOURNAL_DAMAGED' });
    return [];
  }
}

const place = fc.nat({ max: 4096 });
const arbChange = fc.oneof(
  fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(([at, mask]) => (bytes: Buffer) => { bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ mask; return bytes; }),
  fc.tuple(place, fc.constantFrom(0, 1, 64, 4096, 65_535, 2 ** 26, 2 ** 31, 2 ** 32 - 1)).map(([at, value]) => (bytes: Buffer) => {
    const field = (at % bytes.length) & ~3;
    if (field + 4 <= bytes.length) bytes.writeUInt32LE(value, field);
    return bytes;
  }),
  place.map((at) => (bytes: Buffer) => bytes.subarray(0, at % bytes.length)),
  fc.tuple(place, place, fc.nat({ max: 200 })).map(([from, at, length]) => (bytes: Buffer) => { bytes.copyWithin(at % bytes.length, from % bytes.length, (from % bytes.length) + length); return bytes; }),
);

test('the seed is a journal', async () => {
  const resealed = Buffer.from(seed);
  reseal(resealed);
  expect(resealed.equals(seed)).toBe(true);
  expect(await recover(Buffer.from(seed))).toEqual([1, 2, 3]);
});

test.each([{ name: 'as they are', fix: false }, { name: 'with right checksums', fix: true }])('mutants of a session journal $name are recovered or refused', async ({ fix }) => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbChange, { minLength: 1, maxLength: 4 }), async (changes) => {
      const mutant = changes.reduce<Buffer>((bytes, change) => (bytes.length === 0 ? bytes : change(bytes)), Buffer.from(seed));
      if (fix) reseal(mutant);
      await recover(mutant);
    }),
    { numRuns },
  );
}, timeoutMs);
