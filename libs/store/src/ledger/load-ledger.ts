import type { Digest, LedgerEvent, StoreId } from '@lifeboat/model';
import { isInvalid } from '../binary/binary.js';
import { LedgerCorrupt, StoreFormatNewer } from '../errors.js';
import { readWhole, syncAndReadWhole, syncDirectory } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';
import type { LedgerEntry } from './ledger-entry.js';
import { firstSeqOf, genesisHash, segmentPathOf } from './ledger-segment.js';
import { parseSegment, type ParsedSegment } from './parse-segment.js';

/** A segment is begun anew at this size, so none is longer than this and one append. */
export const segmentBytesRoll = 4 * 1024 * 1024;
const segmentBytesMax = 64 * 1024 * 1024;

/** An entry whose event this version knows. */
export type KnownEntry = LedgerEntry & Readonly<{ event: LedgerEvent }>;

/** What a ledger holds: the chain's end and its files. `emptySegment` is a last segment that an interrupted start left without any record. */
export type LoadedLedger = Readonly<{ lastSeq: number; lastHash: Digest; segments: readonly number[]; emptySegment: number | null }>;

/** First sequence numbers of the segments, ascending. */
export async function listSegments(fs: StoreFs): Promise<number[]> {
  const names = await fs.readDir('ledger');
  return names.map(firstSeqOf).filter((seq) => seq !== undefined).sort((a, b) => a - b);
}

/**
 * Reads the whole ledger, checks its chain and hands every entry to `visit`. The last two segments are made durable before they are read:
 * everything older was durable before the newest was begun.
 *
 * @throws LedgerCorrupt (LEDGER_CORRUPT) a break that no crash explains, StoreFormatNewer (STORE_FORMAT_NEWER) an unknown event.
 */
export async function loadLedger(fs: StoreFs, storeId: StoreId, visit: (entry: KnownEntry) => void): Promise<LoadedLedger> {
  await syncDirectory(fs, 'ledger');
  const segments = await listSegments(fs);
  let lastSeq = 0;
  let lastHash = genesisHash;
  let emptySegment: number | null = null;
  for (const [index, firstSeq] of segments.entries()) {
    const file = segmentPathOf(firstSeq);
    const isLast = index === segments.length - 1;
    const bytes = await (index >= segments.length - 2 ? syncAndReadWhole : readWhole)(fs, file, segmentBytesMax);
    const parsed = parseSegment(bytes);
    assertContinues(parsed, { file, storeId, firstSeq, lastSeq, lastHash, isLast });
    for (const entry of parsed.entries) visit(assertKnown(entry, file));
    const last = parsed.entries.at(-1);
    if (last) ({ seq: lastSeq, hash: lastHash } = last);
    else if (isLast) emptySegment = firstSeq;
  }
  return { lastSeq, lastHash, segments: segments.filter((seq) => seq !== emptySegment), emptySegment };
}

type Expected = Readonly<{ file: string; storeId: StoreId; firstSeq: number; lastSeq: number; lastHash: Digest; isLast: boolean }>;

function assertContinues(parsed: ParsedSegment, expected: Expected): void {
  const { file } = expected;
  if (parsed.tail.kind === 'damaged') throw new LedgerCorrupt({ file, offsetBytes: parsed.tail.offsetBytes, reason: parsed.tail.reason });
  if (isInvalid(parsed.header)) {
    if (expected.isLast) return;
    throw new LedgerCorrupt({ file, offsetBytes: 0, reason: parsed.header.invalid });
  }
  const { storeId, firstSeq, previousHash } = parsed.header;
  if (storeId !== expected.storeId) throw new LedgerCorrupt({ file, offsetBytes: 16, reason: 'segment of another store' });
  if (firstSeq !== expected.firstSeq) throw new LedgerCorrupt({ file, offsetBytes: 32, reason: 'segment name' });
  // A tear in the segment before is harmless exactly when this one continues behind its last whole record.
  if (firstSeq !== expected.lastSeq + 1) throw new LedgerCorrupt({ file, offsetBytes: 32, reason: 'records are missing before this segment' });
  if (previousHash !== expected.lastHash) throw new LedgerCorrupt({ file, offsetBytes: 40, reason: 'hash chain' });
  if (!expected.isLast && parsed.entries.length === 0) throw new LedgerCorrupt({ file, offsetBytes: 0, reason: 'segment without records' });
}

function assertKnown(entry: LedgerEntry, file: string): KnownEntry {
  if (entry.event === undefined) throw new StoreFormatNewer({ file, offsetBytes: entry.offsetBytes, reason: 'unknown ledger event' });
  return entry as KnownEntry;
}
