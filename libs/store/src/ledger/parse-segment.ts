import type { Digest } from '@lifeboat/model';
import { alignUp, isInvalid, isZero, viewOf, type Invalid } from '../binary/binary.js';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, type LedgerSegmentHeader } from './ledger-segment.js';
import { decodeEntry, decodeEntryHeader, ENTRY_ALIGN_BYTES, ENTRY_HEADER_BYTES, ENTRY_MAGIC, type LedgerEntry } from './ledger-entry.js';

/** Smallest unit a disk writes; a write that a power cut tore left whole sectors unwritten, which read as zeros in an appended file. */
const sectorBytes = 512;

/**
 * How a segment ends. `clean` with its last entry · `torn` in bytes a crash left of an unfinished append · `damaged` in bytes that were once
 * written whole, because they hold no unwritten sector or because a valid entry follows them.
 */
export type SegmentTail = Readonly<{ kind: 'clean' }> | Readonly<{ kind: 'torn' | 'damaged'; offsetBytes: number; lengthBytes: number; reason: string }>;

/** A segment's entries up to the first that does not continue the chain, and what comes then. */
export type ParsedSegment = Readonly<{
  header: LedgerSegmentHeader | Invalid; entries: readonly LedgerEntry[]; tail: SegmentTail;
  /** Entries found by searching behind damage; a check reports them, nothing else uses them. */
  strays: readonly LedgerEntry[];
}>;

/** Parses the bytes of one segment. Pure; any input gives an answer. Cost: linear. */
export function parseSegment(bytes: Uint8Array): ParsedSegment {
  const header = decodeSegmentHeader(bytes);
  if (isInvalid(header)) {
    const strays = findEntries(bytes, SEGMENT_HEADER_BYTES);
    const torn = strays.length === 0 && lacksSector(bytes, 0, SEGMENT_HEADER_BYTES);
    return { header, entries: [], strays, tail: { kind: torn ? 'torn' : 'damaged', offsetBytes: 0, lengthBytes: bytes.length, reason: header.invalid } };
  }
  const entries: LedgerEntry[] = [];
  let at = SEGMENT_HEADER_BYTES;
  let previousHash: Digest = header.previousHash;
  while (at < bytes.length) {
    const entry = decodeEntry(bytes, at);
    const reason = isInvalid(entry) ? entry.invalid : findChainFault(entry, header.firstSeq + entries.length, previousHash);
    if (isInvalid(entry) || reason !== undefined) return { header, entries, ...classifyTail(bytes, at, reason ?? 'record') };
    entries.push(entry);
    previousHash = entry.hash;
    at += entry.lengthBytes;
  }
  return { header, entries, strays: [], tail: { kind: 'clean' } };
}

/** Why an entry does not continue the chain; undefined when it does. */
export function findChainFault(entry: LedgerEntry, seq: number, previousHash: Digest): string | undefined {
  if (entry.seq !== seq) return 'sequence number';
  return entry.previousHash === previousHash ? undefined : 'hash chain';
}

/** What the bytes from `at` on are, when no record that continues the chain begins there. */
export function classifyTail(bytes: Uint8Array, at: number, reason: string): Pick<ParsedSegment, 'tail' | 'strays'> {
  const strays = findEntries(bytes, at);
  const kind = strays.length === 0 && isTear(bytes, at) ? 'torn' : 'damaged';
  return { strays, tail: { kind, offsetBytes: at, lengthBytes: bytes.length - at, reason } };
}

/** Tells whether the bytes from `at` on can be what is left of one append of which some sectors were never written. */
function isTear(bytes: Uint8Array, at: number): boolean {
  if (bytes.length - at < ENTRY_HEADER_BYTES) return true;
  const header = decodeEntryHeader(bytes.subarray(at, at + ENTRY_HEADER_BYTES));
  if (isInvalid(header)) return lacksSector(bytes, at, at + ENTRY_HEADER_BYTES);
  const end = at + ENTRY_HEADER_BYTES + header.bodyLengthBytes;
  return alignUp(end, ENTRY_ALIGN_BYTES) > bytes.length || lacksSector(bytes, at, end);
}

/** Tells whether `bytes[start, end)` reaches beyond the file or touches a sector of which all bytes in the range are zero. */
function lacksSector(bytes: Uint8Array, start: number, end: number): boolean {
  if (end > bytes.length) return true;
  for (let from = start; from < end; from = (Math.floor(from / sectorBytes) + 1) * sectorBytes) {
    const to = Math.min(end, (Math.floor(from / sectorBytes) + 1) * sectorBytes);
    if (isZero(bytes, from, to)) return true;
  }
  return false;
}

/** Valid entries at any aligned place from `from` on. */
function findEntries(bytes: Uint8Array, from: number): LedgerEntry[] {
  const found: LedgerEntry[] = [];
  const view = viewOf(bytes);
  for (let at = from; at + ENTRY_HEADER_BYTES <= bytes.length; ) {
    const entry = view.getUint32(at, true) === ENTRY_MAGIC ? decodeEntry(bytes, at) : { invalid: 'magic' };
    if (!isInvalid(entry)) found.push(entry);
    at += isInvalid(entry) ? ENTRY_ALIGN_BYTES : entry.lengthBytes;
  }
  return found;
}
