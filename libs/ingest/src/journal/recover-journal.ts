import type { SessionId } from '@lifeboat/model';
import type { StoreFs } from '@lifeboat/store';
import { SessionJournalDamaged } from '../errors.js';
import { emptySnapshot, snapshotAfter, type SessionSnapshot } from '../session/session-snapshot.js';
import { asStoreErrors, readUpTo, segmentPath } from './journal-files.js';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, type CommitIntent, type JournalOpen, type JournalRecord } from './journal-format.js';
import { scanSegment } from './scan-segment.js';
import { SessionJournal } from './session-journal.js';

/**
 * A session as its journal tells it. `damage` says that acknowledged frames are lost: the session must not go on. `baseSeq`: frames up to there were durable when the last
 * segment was begun, whether or not their segments are still there.
 */
export type RecoveredSession = Readonly<{
  sessionId: SessionId; open: JournalOpen; journal: SessionJournal; snapshot: SessionSnapshot; intent: CommitIntent | null; damage: SessionJournalDamaged | null; lastAtMs: number; baseSeq: number;
}>;

type Segment = Readonly<{ number: number; baseSeq: number }>;

/**
 * Reads a session's segments. Each is synced before it is trusted: what is read now must still be there after the next crash.
 * Changes and deletes nothing.
 * @returns undefined when no segment has a readable open record: the session was never acknowledged.
 */
export async function recoverJournal(fs: StoreFs, sessionId: SessionId, numbers: readonly number[]): Promise<RecoveredSession | undefined> {
  return asStoreErrors(sessionId, async () => {
    const segments = await syncAndReadHeaders(fs, sessionId, numbers);
    const reading = new Reading(segments);
    for (const segment of segments) await reading.read(fs, segmentPath(sessionId, segment.number), segment);
    const { open, snapshot, intent, damage, lastAtMs } = reading;
    if (!open || !snapshot) return undefined;
    const journal = SessionJournal.resume(fs, { sessionId, open }, { segments, lastSeq: snapshot.seq });
    const baseSeq = Math.max(0, ...segments.map((segment) => segment.baseSeq).filter((seq) => seq !== Number.MAX_SAFE_INTEGER));
    return { sessionId, open, journal, snapshot, intent, damage, lastAtMs, baseSeq };
  });
}

async function syncAndReadHeaders(fs: StoreFs, sessionId: SessionId, numbers: readonly number[]): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const number of numbers) {
    const file = await fs.open(segmentPath(sessionId, number), 'write');
    try {
      await file.sync();
      const header = decodeSegmentHeader(await readUpTo(file, 0, SEGMENT_HEADER_BYTES));
      // A header that was torn before its first sync voids nothing in earlier segments.
      const own = header?.sessionId === sessionId && header.segment === number;
      segments.push({ number, baseSeq: own ? header.baseSeq : Number.MAX_SAFE_INTEGER });
    } finally {
      await file.close();
    }
  }
  await fs.syncDir('');
  return segments;
}

/** What has been read so far of one session. */
class Reading {
  open: JournalOpen | undefined;
  snapshot: SessionSnapshot | undefined;
  intent: CommitIntent | null = null;
  damage: SessionJournalDamaged | null = null;
  lastAtMs = 0;

  constructor(private readonly segments: readonly Segment[]) {}

  async read(fs: StoreFs, path: string, segment: Segment): Promise<void> {
    const later = this.segments.slice(this.segments.indexOf(segment) + 1);
    const lastValidSeq = Math.min(...later.map(({ baseSeq }) => baseSeq), Number.MAX_SAFE_INTEGER);
    const known = segment.baseSeq !== Number.MAX_SAFE_INTEGER;
    if (known && segment.baseSeq > (this.snapshot?.seq ?? 0)) this.lost(path, 'frames before this segment are missing');
    const file = await fs.open(path, 'read');
    try {
      const { end } = await scanSegment(file, path, (record, { atMs }) => {
        this.lastAtMs = Math.max(this.lastAtMs, atMs);
        this.take(record, { path, lastValidSeq });
      });
      if (end === 'damaged') this.lost(path, 'a valid record follows an invalid one');
    } catch (error) {
      if (!(error instanceof SessionJournalDamaged)) throw error;
      this.damage ??= error;
    } finally {
      await file.close();
    }
  }

  private take(record: JournalRecord, at: Readonly<{ path: string; lastValidSeq: number }>): void {
    if (record.type === 'open') {
      this.open ??= record.open;
      this.snapshot ??= emptySnapshot(this.open.request.volumes);
    } else if (record.type === 'intent') this.intent = record.intent;
    else if (this.damage === null && this.snapshot) {
      for (const frame of record.frames) {
        const { seq, volume } = frame.frame;
        if (seq <= this.snapshot.seq || seq > at.lastValidSeq) continue;
        if (seq !== this.snapshot.seq + 1 || volume >= this.snapshot.volumes.length) {
          this.lost(at.path, 'a frame is missing');
          return;
        }
        this.snapshot = snapshotAfter(this.snapshot, frame);
      }
    }
  }

  private lost(file: string, reason: string): void {
    this.damage ??= new SessionJournalDamaged({ file, reason });
  }
}
