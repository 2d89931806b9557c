import { assertInvariant, type SessionId } from '@lifeboat/model';
import type { StoreFile, StoreFs } from '@lifeboat/store';
import { SessionJournalDamaged } from '../errors.js';
import { asStoreErrors, removeSegments, segmentPath, writeFully } from './journal-files.js';
import { encodeRecord, encodeSegmentHeader, journalFrameBytes, recordBodyBytesMax, type CommitIntent, type JournalFrame, type JournalOpen, type JournalRecord } from './journal-format.js';
import { scanSegment } from './scan-segment.js';

type Segment = { readonly number: number; readonly baseSeq: number };
type WritableSegment = Segment & { readonly path: string; readonly file: StoreFile; positionBytes: number; recordNo: number };

type JournaledAs = Readonly<{ sessionId: SessionId; open: JournalOpen }>;

/**
 * The journal of one session: what the server has acknowledged, without the bytes. A segment is appended to only by the object that began
 * it and only while every write and sync succeeded; after a restart or an error a new segment begins, see docs/formats/session-journal.md.
 */
export class SessionJournal {
  private current: WritableSegment | undefined;
  private readonly sessionId: SessionId;
  private readonly segments: Segment[];
  private lastSeq: number;

  private constructor(
    private readonly fs: StoreFs,
    private readonly session: JournaledAs,
    found: Readonly<{ segments: readonly Segment[]; lastSeq: number }>,
  ) {
    this.sessionId = session.sessionId;
    this.segments = [...found.segments];
    this.lastSeq = found.lastSeq;
  }

  /** A new session's journal, durable when it resolves. An agent that tries again and again on a full disk leaves no half-made file behind. */
  static async create(fs: StoreFs, session: JournaledAs): Promise<SessionJournal> {
    const journal = new SessionJournal(fs, session, { segments: [], lastSeq: 0 });
    try {
      await journal.guarded(() => journal.begin(session.open.openedAtMs));
    } catch (error) {
      // The first failure is what the caller must know; a file that cannot be removed either goes when it has expired.
      await journal.remove().catch(() => undefined);
      throw error;
    }
    return journal;
  }

  /** The journal of a session found at start; `segments` are all numbers in use, `lastSeq` the last frame that was read. */
  static resume(fs: StoreFs, session: JournaledAs, found: Readonly<{ segments: readonly Segment[]; lastSeq: number }>): SessionJournal {
    return new SessionJournal(fs, session, found);
  }

  /**
   * Appends frames that follow the last ones; durable when it resolves. After an error none of them counts, even if they are in the file.
   * @throws StoreFull (STORE_FULL), StoreUnusable (STORE_UNUSABLE).
   */
  async appendFrames(frames: readonly JournalFrame[], atMs: number): Promise<void> {
    // One record per sync: a valid record behind an invalid one then always means damage, never a torn write.
    const seqs = frames.map(({ frame }) => frame.seq);
    assertInvariant(seqs.every((seq, index) => seq === this.lastSeq + 1 + index), 'journaled frames follow each other');
    for (const part of inRecords(frames)) await this.append({ type: 'group', frames: part }, atMs);
    this.lastSeq += frames.length;
  }

  /** Writes the coming point's identity into a segment of its own, so that the segments before it can go after the commit. */
  async appendIntent(intent: CommitIntent, atMs: number): Promise<void> {
    await this.abandonCurrent();
    await this.append({ type: 'intent', intent }, atMs);
  }

  /**
   * Hands over all frames up to the last durable one, in order.
   * @throws SessionJournalDamaged (SESSION_JOURNAL_DAMAGED) frames that were durable cannot be read any more.
   */
  async replay(onFrame: (frame: JournalFrame) => Promise<void>): Promise<void> {
    const { segments, lastSeq } = this;
    let seq = 0;
    for (const [index, segment] of segments.entries()) {
      const lastValidSeq = Math.min(lastSeq, ...segments.slice(index + 1).map(({ baseSeq }) => baseSeq));
      const path = segmentPath(this.sessionId, segment.number);
      await this.withFile(path, async (file) => {
        await scanSegment(file, path, async (record) => {
          if (record.type !== 'group') return;
          for (const frame of record.frames) {
            if (frame.frame.seq <= seq || frame.frame.seq > lastValidSeq) continue;
            seq = frame.frame.seq;
            await onFrame(frame);
          }
        });
      });
    }
    if (seq !== lastSeq) throw new SessionJournalDamaged({ file: this.sessionId, reason: 'durable frames are missing' });
  }

  /** Removes every segment but the last, which says what became of the session. What cannot be removed now goes with the rest later. */
  async removeFrames(): Promise<void> {
    const before = this.segments.splice(0, this.segments.length - 1);
    await this.unlinkAll(before);
  }

  /** Removes the journal. Ascending, so that a crash half-way leaves a session that is known to be incomplete. */
  async remove(): Promise<void> {
    await this.abandonCurrent();
    await this.unlinkAll(this.segments.splice(0));
  }

  /** Closes the file; a later append begins a new segment. */
  async close(): Promise<void> {
    await this.abandonCurrent();
  }

  private async append(record: JournalRecord, atMs: number): Promise<void> {
    await this.guarded(async () => {
      const segment = this.current ?? (await this.begin(atMs));
      await this.write(segment, record, atMs);
      await segment.file.sync();
    });
  }

  private async begin(atMs: number): Promise<WritableSegment> {
    const number = (this.segments.at(-1)?.number ?? -1) + 1;
    const baseSeq = this.lastSeq;
    const path = segmentPath(this.sessionId, number);
    const file = await this.fs.open(path, 'create');
    const segment: WritableSegment = { number, baseSeq, path, file, positionBytes: 0, recordNo: 0 };
    // Known from here on: if anything below fails the number stays used and the half-made file is never appended to.
    this.segments.push({ number, baseSeq });
    this.current = segment;
    const header = encodeSegmentHeader({ sessionId: this.sessionId, segment: number, baseSeq });
    await writeFully(file, { path, position: 0 }, header);
    segment.positionBytes = header.length;
    await this.write(segment, { type: 'open', open: this.session.open }, atMs);
    await file.sync();
    await this.fs.syncDir('');
    return segment;
  }

  private async write(segment: WritableSegment, record: JournalRecord, atMs: number): Promise<void> {
    const bytes = encodeRecord(record, { recordNo: segment.recordNo, atMs });
    await writeFully(segment.file, { path: segment.path, position: segment.positionBytes }, bytes);
    segment.positionBytes += bytes.length;
    segment.recordNo += 1;
  }

  /** After any error the segment is never appended to again: its tail may be torn and a failed sync proves nothing. */
  private async guarded<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await asStoreErrors(this.sessionId, task);
    } catch (error) {
      await this.abandonCurrent();
      throw error;
    }
  }

  private async abandonCurrent(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    // Everything that counts was synced; an error while closing changes nothing.
    await current?.file.close().catch(() => undefined);
  }

  private async unlinkAll(segments: readonly Segment[]): Promise<void> {
    await removeSegments(this.fs, this.sessionId, segments.map(({ number }) => number));
  }

  private async withFile(path: string, task: (file: StoreFile) => Promise<void>): Promise<void> {
    await asStoreErrors(path, async () => {
      if (!(await this.fs.exists(path))) return;
      const file = await this.fs.open(path, 'read');
      try {
        await task(file);
      } finally {
        await file.close();
      }
    });
  }
}

/** Frames cut into runs that fit one record each. */
function* inRecords(frames: readonly JournalFrame[]): Generator<readonly JournalFrame[]> {
  let start = 0;
  let lengthBytes = 0;
  for (const [index, { frame }] of frames.entries()) {
    const frameBytes = journalFrameBytes(frame);
    if (lengthBytes + frameBytes > recordBodyBytesMax) {
      yield frames.slice(start, index);
      start = index;
      lengthBytes = 0;
    }
    lengthBytes += frameBytes;
  }
  if (start < frames.length) yield frames.slice(start);
}
