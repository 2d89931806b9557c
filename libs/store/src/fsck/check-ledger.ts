import type { ComputerName, Digest, MachineId, StoreId } from '@lifeboat/model';
import { isInvalid } from '../binary/binary.js';
import type { FileCopy } from '../fs/read-copy.js';
import type { StoreFs } from '../fs/store-fs.js';
import type { LedgerEntry } from '../ledger/ledger-entry.js';
import { genesisHash, ledgerDirectories, segmentPathOf, type LedgerSegmentHeader } from '../ledger/ledger-segment.js';
import { mergeSegment, type MergedSegment } from '../ledger/merge-segment.js';
import { listSegments, readSegmentCopies } from '../ledger/segment-copies.js';
import { PackStates } from '../pack/pack-states.js';
import { CommittedPoints } from '../point/committed-points.js';
import type { FsckFindings } from './fsck-report.js';

/** What could be read of the ledger, damaged or not. */
export type LedgerContent = {
  readonly points: CommittedPoints; readonly states: PackStates; readonly names: Map<MachineId, ComputerName>;
  records: number; lastSeq: number; lastHash: Digest; writerToken: number; storeId: StoreId | null;
};

/** What the ledger is checked with; `mirrored` when the store's format has two copies of it. */
export type LedgerCheck = Readonly<{ fs: StoreFs; findings: FsckFindings; mirrored: boolean; signal?: AbortSignal | undefined }>;

/** Checks both copies of every segment and its place in the chain, and gathers what intact records say even behind damage. */
export async function checkLedger({ fs, findings, mirrored, signal }: LedgerCheck): Promise<LedgerContent> {
  const content: LedgerContent = { points: new CommittedPoints(), states: new PackStates(), names: new Map(), records: 0, lastSeq: 0, lastHash: genesisHash, writerToken: 0, storeId: null };
  const segments = await listSegments(fs);
  if (segments.length === 0) findings.add('damage', 'LEDGER_MISSING', { path: 'ledger', detail: 'the ledger has no file' });
  for (const [index, firstSeq] of segments.entries()) {
    signal?.throwIfAborted();
    const path = segmentPathOf(firstSeq);
    const isLast = index === segments.length - 1;
    const copies = await readSegmentCopies(fs, firstSeq, false);
    const merged = mergeSegment(...copies, (header) => header.firstSeq === firstSeq && header.previousHash === content.lastHash);
    reportCopies(merged, copies, { firstSeq, isLast, mirrored, findings });
    reportTail(merged, path, findings);
    if (!isInvalid(merged.header)) reportChain(merged.header, { path, firstSeq, content }, findings);
    else if (!isLast && merged.tail.kind !== 'damaged') findings.add('damage', 'LEDGER_DAMAGED', { path, detail: merged.header.invalid });
    for (const entry of [...merged.entries, ...merged.strays]) takeIn(entry, { path, firstSeq, content }, findings);
    const last = merged.entries.at(-1);
    if (last) content.lastHash = last.hash;
  }
  return content;
}

type CopiesAt = Readonly<{ firstSeq: number; isLast: boolean; mirrored: boolean; findings: FsckFindings }>;

/** Says of each copy that is not as it should be whether a crash explains it: then it lacks the last record of the last segment at most. */
function reportCopies(merged: MergedSegment, copies: readonly FileCopy[], { firstSeq, isLast, mirrored, findings }: CopiesAt): void {
  for (const [index, directory] of ledgerDirectories.entries()) {
    const path = segmentPathOf(firstSeq, directory);
    const copy = copies[index];
    const intactBytes = copy instanceof Uint8Array ? intactLengthOf(copy, merged) : 0;
    const lastRecordBytes = merged.entries.at(-1)?.lengthBytes ?? merged.bytes.length;
    const byCrash = isLast && intactBytes >= merged.bytes.length - lastRecordBytes;
    const at = { path, offsetBytes: intactBytes, lengthBytes: merged.bytes.length - intactBytes };
    const state = merged.copies[index];
    if (state === 'damaged') findings.add('damage', 'LEDGER_COPY_DAMAGED', { ...at, detail: 'the other copy serves; the next start writes this one again' });
    if (state === 'missing' && mirrored && merged.entries.length > 0) findings.add('damage', 'LEDGER_COPY_MISSING', { ...at, detail: 'the other copy serves; the next start writes this one again' });
    if (state === 'behind') findings.add(byCrash ? 'info' : 'damage', 'LEDGER_COPY_BEHIND', { ...at, detail: byCrash ? 'a crash came between the two writes' : 'records are missing at the end; the other copy serves' });
  }
}

/** How far a copy agrees with what both copies together say. */
function intactLengthOf(copy: Uint8Array, merged: MergedSegment): number {
  let at = 0;
  while (at < merged.bytes.length && copy[at] === merged.bytes[at]) at += 1;
  return at;
}

function reportTail({ tail }: MergedSegment, path: string, findings: FsckFindings): void {
  if (tail.kind === 'clean') return;
  const at = { path, offsetBytes: tail.offsetBytes, lengthBytes: tail.lengthBytes, detail: tail.reason };
  if (tail.kind === 'damaged') findings.add('damage', 'LEDGER_DAMAGED', at);
  else findings.add('info', 'LEDGER_TORN', { ...at, detail: `an append that a crash interrupted (${tail.reason})` });
}

type Place = Readonly<{ path: string; firstSeq: number; content: LedgerContent }>;

function reportChain(header: LedgerSegmentHeader, { path, firstSeq, content }: Place, findings: FsckFindings): void {
  content.storeId ??= header.storeId;
  const damaged = (offsetBytes: number, detail: string): void => {
    findings.add('damage', 'LEDGER_DAMAGED', { path, offsetBytes, lengthBytes: 32, detail });
  };
  if (header.storeId !== content.storeId) damaged(16, 'segment of another store');
  if (header.firstSeq !== firstSeq) damaged(32, 'segment name');
  if (header.firstSeq !== content.lastSeq + 1) damaged(32, 'records are missing before this segment');
  else if (header.previousHash !== content.lastHash) damaged(40, 'hash chain');
}

function takeIn(entry: LedgerEntry, { path, content }: Place, findings: FsckFindings): void {
  const { seq, atMs, event } = entry;
  content.records += 1;
  content.lastSeq = Math.max(content.lastSeq, seq);
  if (!event) {
    findings.add('damage', 'LEDGER_EVENT_UNKNOWN', { path, offsetBytes: entry.offsetBytes, lengthBytes: entry.lengthBytes, detail: 'written by a newer version' });
    return;
  }
  content.points.add({ seq, atMs, event });
  content.states.apply({ seq, atMs, event });
  if (event.type === 'writer.takeover') content.writerToken = Math.max(content.writerToken, event.writerToken);
  if (event.type === 'machine.enrolled') content.names.set(event.machineId, event.name);
}
