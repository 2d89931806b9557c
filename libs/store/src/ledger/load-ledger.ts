import type { Digest, LedgerEvent, StoreId } from '@lifeboat/model';
import { isInvalid } from '../binary/binary.js';
import { LedgerCorrupt, StoreFormatNewer } from '../errors.js';
import { syncDirectory } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';
import type { LedgerEntry } from './ledger-entry.js';
import { genesisHash, ledgerDirectories, segmentPathOf } from './ledger-segment.js';
import { mergeSegment, type MergedSegment } from './merge-segment.js';
import { listSegments, readSegmentCopies, repairSegmentCopies } from './segment-copies.js';

/** An entry whose event this version knows. */
export type KnownEntry = LedgerEntry & Readonly<{ event: LedgerEvent }>;

/** What a ledger holds: the chain's end and its files. `emptySegment` is a last segment that an interrupted start left without any record. */
export type LoadedLedger = Readonly<{ lastSeq: number; lastHash: Digest; segments: readonly number[]; emptySegment: number | null }>;

/** Whose ledger is loaded; `nowMs` names what is set aside. */
export type LedgerLoad = Readonly<{ fs: StoreFs; storeId: StoreId; nowMs: number }>;

/**
 * Reads the whole ledger, checks its chain and hands every entry to `visit`. The last two segments are made durable before they are read:
 * everything older was durable before the newest was begun. A record that one copy lacks is taken from the other, and the copy is written again.
 *
 * @throws LedgerCorrupt (LEDGER_CORRUPT) a break in both copies that no crash explains, StoreFormatNewer (STORE_FORMAT_NEWER) an unknown event.
 */
export async function loadLedger({ fs, storeId, nowMs }: LedgerLoad, visit: (entry: KnownEntry) => void): Promise<LoadedLedger> {
  for (const directory of ledgerDirectories) await syncDirectory(fs, directory);
  const segments = await listSegments(fs);
  let lastSeq = 0;
  let lastHash = genesisHash;
  let emptySegment: number | null = null;
  let unexplained: LedgerCorrupt | undefined;
  for (const [index, firstSeq] of segments.entries()) {
    const file = segmentPathOf(firstSeq);
    const isLast = index === segments.length - 1;
    const [first, second] = await readSegmentCopies(fs, firstSeq, index >= segments.length - 2);
    const merged = mergeSegment(first, second, (header) => header.storeId === storeId && header.firstSeq === firstSeq && header.previousHash === lastHash);
    assertContinues(merged, { file, storeId, firstSeq, lastSeq, lastHash, isLast }, unexplained);
    // Bytes behind the last record that are no tear are lost history, unless the next segment continues right there: then they were never part of it.
    unexplained = merged.tail.kind === 'damaged' ? new LedgerCorrupt({ file, offsetBytes: merged.tail.offsetBytes, reason: merged.tail.reason }) : undefined;
    if (unexplained && (isLast || isInvalid(merged.header))) throw unexplained;
    for (const entry of merged.entries) visit(assertKnown(entry, file));
    const last = merged.entries.at(-1);
    if (last) {
      ({ seq: lastSeq, hash: lastHash } = last);
      await repairSegmentCopies(fs, merged, { firstSeq, nowMs });
    } else if (isLast) emptySegment = firstSeq;
  }
  return { lastSeq, lastHash, segments: segments.filter((seq) => seq !== emptySegment), emptySegment };
}

type Expected = Readonly<{ file: string; storeId: StoreId; firstSeq: number; lastSeq: number; lastHash: Digest; isLast: boolean }>;

/** @throws LedgerCorrupt (LEDGER_CORRUPT) the segment does not follow; `unexplained` instead when the one before ended in damage. */
function assertContinues(parsed: MergedSegment, expected: Expected, unexplained: LedgerCorrupt | undefined): void {
  const fault = findFault(parsed, expected);
  if (fault) throw unexplained ?? new LedgerCorrupt({ file: expected.file, ...fault });
}

function findFault(parsed: MergedSegment, expected: Expected): { offsetBytes: number; reason: string } | undefined {
  if (isInvalid(parsed.header)) return expected.isLast || parsed.tail.kind === 'damaged' ? undefined : { offsetBytes: 0, reason: parsed.header.invalid };
  const { storeId, firstSeq, previousHash } = parsed.header;
  if (storeId !== expected.storeId) return { offsetBytes: 16, reason: 'segment of another store' };
  if (firstSeq !== expected.firstSeq) return { offsetBytes: 32, reason: 'segment name' };
  // A tear in the segment before is harmless exactly when this one continues behind its last whole record.
  if (firstSeq !== expected.lastSeq + 1) return { offsetBytes: 32, reason: 'records are missing before this segment' };
  if (previousHash !== expected.lastHash) return { offsetBytes: 40, reason: 'hash chain' };
  return !expected.isLast && parsed.entries.length === 0 && parsed.tail.kind !== 'damaged' ? { offsetBytes: 0, reason: 'segment without records' } : undefined;
}

function assertKnown(entry: LedgerEntry, file: string): KnownEntry {
  if (entry.event === undefined) throw new StoreFormatNewer({ file, offsetBytes: entry.offsetBytes, reason: 'unknown ledger event' });
  return entry as KnownEntry;
}
