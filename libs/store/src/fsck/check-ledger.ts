import type { ComputerName, Digest, MachineId, StoreId } from '@lifeboat/model';
import { isInvalid } from '../binary/binary.js';
import { readWhole } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';
import type { LedgerEntry } from '../ledger/ledger-entry.js';
import { genesisHash, segmentPathOf, type LedgerSegmentHeader } from '../ledger/ledger-segment.js';
import { listSegments } from '../ledger/load-ledger.js';
import { parseSegment, type ParsedSegment } from '../ledger/parse-segment.js';
import { CommittedPoints } from '../point/committed-points.js';
import type { FsckFindings } from './fsck-report.js';

/** What could be read of the ledger, damaged or not. */
export type LedgerContent = {
  readonly points: CommittedPoints; readonly names: Map<MachineId, ComputerName>;
  records: number; lastSeq: number; lastHash: Digest; writerToken: number; storeId: StoreId | null;
};

/** Checks every segment and its place in the chain, and gathers what intact records say even behind damage. */
export async function checkLedger(fs: StoreFs, findings: FsckFindings, signal?: AbortSignal): Promise<LedgerContent> {
  const content: LedgerContent = { points: new CommittedPoints(), names: new Map(), records: 0, lastSeq: 0, lastHash: genesisHash, writerToken: 0, storeId: null };
  const segments = await listSegments(fs);
  if (segments.length === 0) findings.add('damage', 'LEDGER_MISSING', { path: 'ledger', detail: 'the ledger has no file' });
  for (const [index, firstSeq] of segments.entries()) {
    signal?.throwIfAborted();
    const path = segmentPathOf(firstSeq);
    const parsed = parseSegment(await readWhole(fs, path, Number.MAX_SAFE_INTEGER));
    reportTail(parsed, path, findings);
    if (!isInvalid(parsed.header)) reportChain(parsed.header, { path, firstSeq, content }, findings);
    else if (index < segments.length - 1 && parsed.tail.kind !== 'damaged') {
      findings.add('damage', 'LEDGER_DAMAGED', { path, detail: parsed.header.invalid });
    }
    for (const entry of [...parsed.entries, ...parsed.strays]) takeIn(entry, { path, firstSeq, content }, findings);
    const last = parsed.entries.at(-1);
    if (last) content.lastHash = last.hash;
  }
  return content;
}

function reportTail({ tail }: ParsedSegment, path: string, findings: FsckFindings): void {
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
  if (event.type === 'writer.takeover') content.writerToken = Math.max(content.writerToken, event.writerToken);
  if (event.type === 'machine.enrolled') content.names.set(event.machineId, event.name);
}
