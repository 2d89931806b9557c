import { assertInvariant, type Clock, type Digest, type LedgerEvent, type LedgerRecord, type StoreId } from '@lifeboat/model';
import { SerialQueue } from '../concurrency/serial-queue.js';
import type { WriteFence } from '../concurrency/write-fence.js';
import { LedgerCorrupt, StoreFull } from '../errors.js';
import { isNoSpace } from '../fs/errno.js';
import { readWhole, syncDirectory, syncFile, writeFullyAt } from '../fs/file-io.js';
import type { TwinReport } from '../recovery/twin-report.js';
import { MirroredFile, syncTwinDirectories } from '../fs/mirrored-file.js';
import type { StoreFile, StoreFs } from '../fs/store-fs.js';
import type { Reserve } from '../reserve/reserve.js';
import { encodeEntry, eventBytesMax } from './ledger-entry.js';
import { encodeSegmentHeader, firstSeqOf, genesisHash, ledgerDirectories, SEGMENT_HEADER_BYTES, segmentPathOf, segmentTwinsOf } from './ledger-segment.js';
import { loadLedger, type KnownEntry, type LoadedLedger } from './load-ledger.js';
import { mergeSegment, type MergedSegment } from './merge-segment.js';
import { parseSegment, type ParsedSegment } from './parse-segment.js';
import { listSegments, readSegmentCopies, repairSegmentCopies, segmentBytesRoll } from './segment-copies.js';

/** Who opens the ledger, for the record of the takeover. */
export type LedgerOwner = Readonly<{ storeId: StoreId; host: string; pid: number }>;
/** `reserve` makes room for records on a full disk. */
export type LedgerPorts = Readonly<{ fs: StoreFs; clock: Clock; fence: WriteFence; reserve: Reserve }>;

interface LedgerState {
  lastSeq: number;
  lastHash: Digest;
  readonly segments: number[];
  emptySegment: number | null;
  readonly writerToken: number;
  /** Damage in both copies is passed over: what is readable around it is all there is. */
  readonly readsAroundDamage: boolean;
}

interface CurrentSegment {
  readonly firstSeq: number;
  readonly file: StoreFile;
  readonly path: string;
  endBytes: number;
}

/**
 * The append-only history of the store, kept in two directories with equal files. Each owner writes segments of its own and begins with a `writer.takeover`, so that nothing is ever
 * appended behind a tear and a second owner is noticed by its files.
 */
export class Ledger {
  private readonly queue = new SerialQueue();
  private current: CurrentSegment | undefined;
  private tookOver = false;

  private constructor(
    private readonly ports: LedgerPorts,
    private readonly owner: LedgerOwner,
    private readonly state: LedgerState,
  ) {}

  /** Number of this owner: one more than that of the owner before. */
  get writerToken(): number {
    return this.state.writerToken;
  }

  /** Reads and checks the ledger; `visit` sees every entry. Errors as of loadLedger. */
  static async open(ports: LedgerPorts, owner: LedgerOwner, visit: (entry: KnownEntry) => void): Promise<Ledger> {
    let lastToken = 0;
    const loaded: LoadedLedger = await loadLedger({ fs: ports.fs, storeId: owner.storeId, nowMs: ports.clock.nowMs() }, (entry) => {
      if (entry.event.type === 'writer.takeover') lastToken = Math.max(lastToken, entry.event.writerToken);
      visit(entry);
    });
    return new Ledger(ports, owner, { ...loaded, segments: [...loaded.segments], writerToken: lastToken + 1, readsAroundDamage: false });
  }

  /** Reads what can be read, changes nothing, and never appends; the fence must be down. `visit` sees every entry that verifies, behind damage too. */
  static async openForReading(ports: LedgerPorts, owner: LedgerOwner, visit: (entry: KnownEntry) => void): Promise<Ledger> {
    const segments = await listSegments(ports.fs);
    let lastSeq = 0;
    for (const firstSeq of segments) {
      for (const entry of await readableEntries(ports.fs, firstSeq)) {
        lastSeq = Math.max(lastSeq, entry.seq);
        visit(entry);
      }
    }
    return new Ledger(ports, owner, { lastSeq, lastHash: genesisHash, segments, emptySegment: null, writerToken: 0, readsAroundDamage: true });
  }

  /** Sequence number of the last durable record, 0 when there is none. */
  get lastSeq(): number {
    return this.state.lastSeq;
  }

  /** Writes the takeover record, before anything else of this owner. */
  takeOver(): Promise<void> {
    return this.queue.run(() => this.takeOverOnce());
  }

  /** Appends an event; durable when it resolves. */
  append(event: LedgerEvent): Promise<LedgerRecord> {
    return this.queue.run(async () => {
      await this.takeOverOnce();
      return this.appendNow(event);
    });
  }

  /** Records from `fromSeq` on, up to the last durable one when reading begins a segment. */
  async *read(fromSeq: number): AsyncGenerator<LedgerRecord> {
    const lastSeq = this.state.lastSeq;
    for (const [index, firstSeq] of [...this.state.segments].entries()) {
      const nextFirstSeq = this.state.segments[index + 1] ?? Number.POSITIVE_INFINITY;
      if (nextFirstSeq <= fromSeq) continue;
      for (const record of await this.readSegment(firstSeq, Math.min(lastSeq, nextFirstSeq - 1))) if (record.seq >= fromSeq) yield record;
    }
  }

  /** Compares both copies of every segment and repairs what one of them lost. */
  async verifyCopies(signal?: AbortSignal): Promise<TwinReport> {
    const report = { checked: 0, repaired: 0, damaged: 0 };
    for (const firstSeq of [...this.state.segments]) {
      signal?.throwIfAborted();
      const { copies, tail } = await this.queue.run(() => this.mergeAndRepair(firstSeq));
      report.checked += 1;
      if (tail.kind === 'damaged') report.damaged += 1;
      else if (copies.some((copy) => copy !== 'whole')) report.repaired += 1;
    }
    return report;
  }

  /** Waits for appends under way and closes the current segment. */
  async close(): Promise<void> {
    await this.queue.run(async () => {
      await this.current?.file.close();
      this.current = undefined;
    });
  }

  /** Reads up to `lastSeq` only: behind it may lie an append whose sync is still under way. */
  private async readSegment(firstSeq: number, lastSeq: number): Promise<LedgerRecord[]> {
    if (this.state.readsAroundDamage) return recordsOf({ entries: await readableEntries(this.ports.fs, firstSeq) }, Number.POSITIVE_INFINITY);
    const records = recordsOf(await this.parseFirstCopy(firstSeq), lastSeq);
    if (reaches(records, firstSeq, lastSeq)) return records;
    const { entries, tail } = await this.queue.run(() => this.mergeAndRepair(firstSeq));
    const merged = recordsOf({ entries }, lastSeq);
    if (reaches(merged, firstSeq, lastSeq)) return merged;
    throw new LedgerCorrupt({ file: segmentPathOf(firstSeq), offsetBytes: tail.kind === 'clean' ? 0 : tail.offsetBytes, reason: 'records that were written before are not readable' });
  }

  /** No entries when the first copy cannot be read at all. */
  private async parseFirstCopy(firstSeq: number): Promise<Pick<ParsedSegment, 'entries'>> {
    try {
      return parseSegment(await readWhole(this.ports.fs, segmentPathOf(firstSeq), Number.MAX_SAFE_INTEGER));
    } catch {
      // Whatever is wrong with this copy, the other one is asked next, and reports when it has nothing better.
      return { entries: [] };
    }
  }

  /** Runs alone: no append is under way. A segment that is being written to gets no more records once one of its copies was found damaged. */
  private async mergeAndRepair(firstSeq: number): Promise<MergedSegment> {
    const { fs, fence, clock } = this.ports;
    const merged = mergeSegment(...(await readSegmentCopies(fs, firstSeq, false)), (header) => header.firstSeq === firstSeq && header.storeId === this.owner.storeId);
    if (!fence.isDown && merged.tail.kind !== 'damaged' && merged.copies.some((copy) => copy !== 'whole')) {
      if (this.current?.firstSeq === firstSeq) {
        await this.current.file.close();
        this.current = undefined;
      }
      await fence.guard('a repair of the ledger failed', () => repairSegmentCopies(fs, merged, { firstSeq, nowMs: clock.nowMs() }));
    }
    return merged;
  }

  private async takeOverOnce(): Promise<void> {
    if (this.tookOver) return;
    if (this.state.lastSeq === 0) await this.appendNow({ type: 'store.created', storeId: this.owner.storeId });
    await this.appendNow({ type: 'writer.takeover', writerToken: this.state.writerToken, host: this.owner.host.slice(0, 256), pid: this.owner.pid });
    this.tookOver = true;
  }

  private async appendNow(event: LedgerEvent): Promise<LedgerRecord> {
    const { fence, clock, reserve } = this.ports;
    fence.assertWritable();
    const record: LedgerRecord = { seq: this.state.lastSeq + 1, atMs: clock.nowMs(), event };
    const { bytes, hash } = encodeEntry({ ...record, previousHash: this.state.lastHash });
    assertInvariant(bytes.length <= eventBytesMax, 'a ledger event is at most 1 MiB long');
    await fence.guard('a write to the ledger failed', () => reserve.whileReleasing(async () => {
      await this.assertSoleWriter();
      const segment = await this.segmentFor(record);
      await this.write(segment, bytes);
    }));
    this.state.lastSeq = record.seq;
    this.state.lastHash = hash;
    return record;
  }

  private async write(segment: CurrentSegment, bytes: Uint8Array): Promise<void> {
    try {
      await writeFullyAt(segment.file, bytes, { path: segment.path, offsetBytes: segment.endBytes });
    } catch (error) {
      if (isNoSpace(error)) await this.cutBack(segment);
      throw error;
    }
    await syncFile(segment.file, segment.path);
    segment.endBytes += bytes.length;
  }

  /** Durably, so that what failed cannot come back in one copy while the other holds what was written in its place. */
  private async cutBack(segment: CurrentSegment): Promise<void> {
    await segment.file.truncate(segment.endBytes);
    await syncFile(segment.file, segment.path);
  }

  /** The file lock does not reach every second owner; a segment that this owner did not write does. */
  private async assertSoleWriter(): Promise<void> {
    const known = this.state.segments.at(-1) ?? 0;
    const newest = (await this.ports.fs.readDir('ledger')).reduce((last, name) => Math.max(last, firstSeqOf(name) ?? 0), 0);
    if (newest > known && newest !== this.state.emptySegment) throw this.ports.fence.trip('another process took over the store');
  }

  private async segmentFor(record: LedgerRecord): Promise<CurrentSegment> {
    if (this.current && this.current.endBytes < segmentBytesRoll) return this.current;
    await this.setEmptySegmentAside();
    const segment = await this.createSegment(record);
    await this.current?.file.close();
    this.current = segment;
    this.state.segments.push(record.seq);
    return segment;
  }

  private async createSegment(record: LedgerRecord): Promise<CurrentSegment> {
    const { fs } = this.ports;
    const names = segmentTwinsOf(record.seq);
    const header = encodeSegmentHeader({ storeId: this.owner.storeId, firstSeq: record.seq, previousHash: this.state.lastHash, createdAtMs: record.atMs });
    const file = await MirroredFile.create(fs, names);
    try {
      await writeFullyAt(file, header, { path: names.path, offsetBytes: 0 });
      await syncFile(file, names.path);
      await syncTwinDirectories(fs, names);
    } catch (error) {
      await file.close();
      // The files hold no record; they are removed so that the next attempt finds their names free.
      if (isNoSpace(error)) {
        await fs.unlink(names.path);
        await fs.unlink(names.twin);
        throw new StoreFull(error);
      }
      throw error;
    }
    return { firstSeq: record.seq, file, path: names.path, endBytes: SEGMENT_HEADER_BYTES };
  }

  /** A segment in which no record was ever durable bears the name of the next one; it is kept, elsewhere. */
  private async setEmptySegmentAside(): Promise<void> {
    const { emptySegment } = this.state;
    if (emptySegment === null) return;
    const { fs, clock } = this.ports;
    for (const directory of ledgerDirectories) {
      const path = segmentPathOf(emptySegment, directory);
      if (!(await fs.exists(path))) continue;
      await fs.rename(path, `quarantine/${path.replace('/', '-')}.${String(clock.nowMs())}`);
      await syncDirectory(fs, 'quarantine');
      await syncDirectory(fs, directory);
    }
    this.state.emptySegment = null;
  }
}

/** Entries of a segment that verify, in order, and those found behind damage; of events this version knows. */
async function readableEntries(fs: StoreFs, firstSeq: number): Promise<KnownEntry[]> {
  const { entries, strays } = mergeSegment(...(await readSegmentCopies(fs, firstSeq, false)), (header) => header.firstSeq === firstSeq);
  return [...entries, ...strays].flatMap((entry) => (entry.event ? [{ ...entry, event: entry.event }] : []));
}

function recordsOf({ entries }: Pick<ParsedSegment, 'entries'>, lastSeq: number): LedgerRecord[] {
  return entries.flatMap(({ seq, atMs, event }) => (seq <= lastSeq && event ? [{ seq, atMs, event }] : []));
}

function reaches(records: readonly LedgerRecord[], firstSeq: number, lastSeq: number): boolean {
  return (records.at(-1)?.seq ?? firstSeq - 1) >= lastSeq;
}
