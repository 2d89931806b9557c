import { crc32 } from '@lifeboat/codec';
import { MachineId, RestorePointId, SessionId, type Digest } from '@lifeboat/model';
import type { BatchFrame } from '@lifeboat/protocol';
import fc from 'fast-check';
import { MemorySessionsFs } from '../testing/memory-sessions-fs.js';
import { listSegments } from './journal-files.js';
import { encodeRecord, encodeSegmentHeader, type JournalFrame, type JournalOpen } from './journal-format.js';
import { recoverJournal, type RecoveredSession } from './recover-journal.js';
import { SessionJournal } from './session-journal.js';

const sessionId = SessionId.parse('5e'.repeat(16));
const digest = 'd1'.repeat(32) as Digest;
const open: JournalOpen = {
  machineId: MachineId.parse('a'.repeat(32)), openedAtMs: 1000,
  request: { requestId: '1'.repeat(32), jobId: null, volumes: [{ volumeId: 'disk/1', lengthBytes: 12_288 }], basePointId: null, resumeSessionId: null },
  bases: [{ point: null, prefix: null }],
};
const intent = { pointId: RestorePointId.parse('c'.repeat(32)), createdAtMs: 5000 };

function batch(seq: number, lengthBytes = 4096): JournalFrame {
  const frame: BatchFrame = {
    type: 'batch', seq, volume: 0, codec: 'raw', plainLengthBytes: 0, payload: new Uint8Array(0),
    entries: [{ kind: 'data', offsetBytes: (seq - 1) * 4096, lengthBytes, digest }],
  };
  return { frame, counts: null, receivedBytes: 10, plainBytes: lengthBytes, storedBytes: 7 };
}
const end = (seq: number): JournalFrame => ({
  frame: { type: 'volume-end', seq, volume: 0, mapRoot: digest }, receivedBytes: 0, plainBytes: 0, storedBytes: 3,
  counts: { dataBytes: 12_288, zeroBytes: 0, unallocatedBytes: 0, unreadableBytes: 0 },
});

async function recover(fs: MemorySessionsFs): Promise<RecoveredSession | undefined> {
  return recoverJournal(fs, sessionId, (await listSegments(fs)).get(sessionId) ?? []);
}

/** A record of any type and body whose checksums are right. */
function recordOf(type: number, body: Uint8Array): Uint8Array {
  const header = Buffer.alloc(32);
  header.write('LBJR');
  header.writeUInt8(type, 4);
  header.writeUInt32LE(1, 8);
  header.writeUInt32LE(body.length, 12);
  header.writeUInt32LE(crc32(body), 24);
  header.writeUInt32LE(crc32(header.subarray(0, 28)), 28);
  return Buffer.concat([header, body]);
}

async function framesIn(journal: SessionJournal): Promise<JournalFrame[]> {
  const frames: JournalFrame[] = [];
  await journal.replay((frame) => {
    frames.push(frame);
    return Promise.resolve();
  });
  return frames;
}

/** A journal of two groups and an intent; its first segment's bytes. */
async function sampleSegment(): Promise<{ bytes: Uint8Array; groupEnds: number[] }> {
  const fs = new MemorySessionsFs();
  const journal = await SessionJournal.create(fs, { sessionId, open });
  const groupEnds = [fs.bytesOf(`${sessionId}-0.jrn`).length];
  for (const group of [[batch(1), batch(2)], [batch(3), end(4)]]) {
    await journal.appendFrames(group, 2000);
    groupEnds.push(fs.bytesOf(`${sessionId}-0.jrn`).length);
  }
  return { bytes: fs.bytesOf(`${sessionId}-0.jrn`), groupEnds };
}

test('the journal gives back what it was given, after a restart and in several segments', async () => {
  const fs = new MemorySessionsFs();
  const journal = await SessionJournal.create(fs, { sessionId, open });
  await journal.appendFrames([batch(1), batch(2)], 2000);
  const found = await recover(fs);
  await found?.journal.appendFrames([batch(3), end(4)], 3000);
  await found?.journal.appendIntent(intent, 4000);
  expect(await fs.readDir()).toEqual([0, 1, 2].map((segment) => `${sessionId}-${String(segment)}.jrn`));
  const again = await recover(fs);
  expect(again).toMatchObject({ open, intent, damage: null, lastAtMs: 4000 });
  expect(again?.snapshot).toEqual({
    seq: 4, counters: { receivedBytes: 30, plainBytes: 12_288, storedBytes: 24, refBytes: 0, entries: 3 },
    volumes: [{ coveredBytes: 12_288, ended: { mapRoot: digest, counts: end(4).counts } }],
  });
  expect(again && (await framesIn(again.journal))).toEqual([batch(1), batch(2), batch(3), end(4)]);
});

test('frames whose sync failed are void, although they are in the file: others take their place', async () => {
  const fs = new MemorySessionsFs();
  const journal = await SessionJournal.create(fs, { sessionId, open });
  await journal.appendFrames([batch(1)], 2000);
  fs.failNextSync('EIO');
  await expect(journal.appendFrames([batch(2, 512), batch(3, 512)], 2000)).rejects.toMatchObject({ code: 'STORE_UNUSABLE' });
  await journal.appendFrames([batch(2)], 2000);
  expect(await framesIn(journal)).toEqual([batch(1), batch(2)]);
  const found = await recover(fs);
  expect(found?.snapshot).toMatchObject({ seq: 2, volumes: [{ coveredBytes: 8192 }] });
  expect(found && (await framesIn(found.journal))).toEqual([batch(1), batch(2)]);
  await found?.journal.appendFrames([batch(3)], 2000);
  expect((await recover(fs))?.snapshot.volumes[0]?.coveredBytes).toBe(12_288);
});

/** Power is lost and nothing survives that was not synced. */
const keepNothing = (choices: number): number => (choices === 2 ? 1 : 0);

test('what a recovery has read survives the next loss of power, bytes and names', async () => {
  const fs = new MemorySessionsFs();
  const journal = await SessionJournal.create(fs, { sessionId, open });
  fs.failNextSync('EIO');
  await expect(journal.appendFrames([batch(1)], 2000)).rejects.toMatchObject({ code: 'STORE_UNUSABLE' });
  expect((await recover(fs))?.snapshot.seq).toBe(1);
  fs.crash(keepNothing);
  expect((await recover(fs))?.snapshot.seq).toBe(1);

  let found = 0;
  for (let inSteps = 0; inSteps < 30; inSteps += 1) {
    const half = new MemorySessionsFs();
    half.failNext('EIO', inSteps, true);
    await SessionJournal.create(half, { sessionId, open }).catch(() => undefined);
    half.heal();
    if (!(await recover(half))) continue;
    found += 1;
    half.crash(keepNothing);
    expect(await recover(half)).toBeDefined();
  }
  expect(found).toBeGreaterThan(1);
});

test('a journal that ends anywhere is a tear: whole groups count, nothing is called damage', async () => {
  const { bytes, groupEnds } = await sampleSegment();
  for (let length = 0; length <= bytes.length; length += 1) {
    const fs = new MemorySessionsFs();
    fs.put(`${sessionId}-0.jrn`, bytes.slice(0, length));
    const found = await recover(fs);
    if (length < (groupEnds[0] ?? 0)) expect(found).toBeUndefined();
    else expect([found?.snapshot.seq, found?.damage]).toEqual([length >= bytes.length ? 4 : length >= (groupEnds[1] ?? 0) ? 2 : 0, null]);
  }
});

test('any changed byte is found: as damage below the last group, as a tear in it, never as other frames', async () => {
  const { bytes, groupEnds } = await sampleSegment();
  for (let at = 0; at < bytes.length; at += 1) {
    const fs = new MemorySessionsFs();
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x20;
    fs.put(`${sessionId}-0.jrn`, changed);
    const found = await recover(fs);
    if (at < (groupEnds[0] ?? 0)) expect(found).toBeUndefined();
    else if (at < (groupEnds[1] ?? 0)) expect([found?.snapshot.seq, found?.damage?.code]).toEqual([0, 'SESSION_JOURNAL_DAMAGED']);
    else expect([found?.snapshot.seq, found?.damage]).toEqual([2, null]);
  }
});

test('a missing segment in the middle is damage', async () => {
  const fs = new MemorySessionsFs();
  let journal = await SessionJournal.create(fs, { sessionId, open });
  for (const seq of [1, 2, 3]) {
    await journal.appendFrames([batch(seq)], 2000);
    journal = (await recover(fs))?.journal ?? journal;
  }
  await fs.unlink(`${sessionId}-1.jrn`);
  expect(await recover(fs)).toMatchObject({ snapshot: { seq: 1 }, damage: { code: 'SESSION_JOURNAL_DAMAGED' } });
});

test('arbitrary bytes, and arbitrary bodies under right checksums, are called damage or read as nothing', async () => {
  const prefix = Buffer.concat([
    encodeSegmentHeader({ sessionId, segment: 0, baseSeq: 0 }),
    encodeRecord({ type: 'open', open }, { recordNo: 0, atMs: 1 }),
  ]);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('alone', 'after the open record', 'as a record'), fc.integer({ min: 1, max: 3 }), async (bytes, how, type) => {
      const fs = new MemorySessionsFs();
      fs.put(`${sessionId}-0.jrn`, how === 'alone' ? bytes : Buffer.concat([prefix, how === 'as a record' ? recordOf(type, bytes) : bytes]));
      const found = await recover(fs);
      expect(found?.snapshot.seq ?? 0).toBe(0);
      if (how === 'as a record' && bytes.length > 0) expect(found?.damage?.code).toBe('SESSION_JOURNAL_DAMAGED');
    }),
  );
});

test('removing the frames keeps the segment with the intent only', async () => {
  const fs = new MemorySessionsFs();
  const journal = await SessionJournal.create(fs, { sessionId, open });
  await journal.appendFrames([batch(1), batch(2), batch(3), end(4)], 2000);
  await journal.appendIntent(intent, 3000);
  await journal.removeFrames();
  expect(await fs.readDir()).toEqual([`${sessionId}-1.jrn`]);
  expect(await recover(fs)).toMatchObject({ open, intent });
  await journal.remove();
  expect(await fs.readDir()).toEqual([]);
});

// The bytes of docs/formats/session-journal.md; a change here is a change of the format.
test('golden segment', () => {
  const header = encodeSegmentHeader({ sessionId, segment: 1, baseSeq: 258 });
  expect(Buffer.from(header).toString('hex')).toBe('4c42534a01000000010000000000000002010000000000005e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e000000000000000000000000000000000000000041eb1542');
  const record = encodeRecord({ type: 'group', frames: [batch(259), end(260)] }, { recordNo: 1, atMs: 1_700_000_000_000 });
  expect(Buffer.from(record).toString('hex')).toBe('4c424a520200000001000000e00000000068e5cf8b0100003efe7395fdce9468500000000a000000001000000000000007000000000000004c4246310100000003010000000000000100000000000000000000000000000000201000000000000010000000000001d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d14000000000000000000000000000000003000000000000004c42463102000000040100000000000000000000000000000000000000000000d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d10030000000000000000000000000000000000000000000000000000000000000');
});
