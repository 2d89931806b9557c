import type { Digest } from '@lifeboat/model';
import { isInvalid, type Invalid } from '../binary/binary.js';
import type { FileCopy } from '../fs/read-copy.js';
import { classifyTail, findChainFault, parseSegment, type ParsedSegment, type SegmentTail } from './parse-segment.js';
import { decodeEntry, type LedgerEntry } from './ledger-entry.js';
import { SEGMENT_HEADER_BYTES, type LedgerSegmentHeader } from './ledger-segment.js';

/**
 * How a copy compares with what both together say. `behind`: it ends before the last record, as a crash between the two writes leaves it ·
 * `damaged`: it was once whole and no longer is.
 */
export type CopyState = 'whole' | 'missing' | 'behind' | 'damaged';

/** A segment put together from its two copies. */
export type MergedSegment = ParsedSegment & Readonly<{
  /** Header and whole records: what both files must begin with. Empty when neither copy has a valid header. */
  bytes: Uint8Array;
  copies: readonly [CopyState, CopyState];
}>;

/** Tells whether a header is the one that must be here. */
export type HeaderFits = (header: LedgerSegmentHeader) => boolean;

/**
 * Puts a segment together from two copies that were written with equal bytes: at each place the first copy counts whose record verifies and continues the chain.
 * Where neither does, each copy says whether it ends in a tear; one that does not makes it damage. A copy whose header does not fit is ignored when the other's
 * does. Pure; any input gives an answer. Cost: linear.
 */
export function mergeSegment(first: FileCopy, second: FileCopy, fits: HeaderFits = () => true): MergedSegment {
  const readable = [first, second].filter((copy) => copy instanceof Uint8Array).map((bytes) => ({ bytes, parsed: parseSegment(bytes) }));
  const fitting = readable.filter(({ parsed }) => isInvalid(parsed.header) || fits(parsed.header));
  const used = fitting.some(({ parsed }) => !isInvalid(parsed.header)) ? fitting : readable;
  const merged = mergeParsed(used);
  const stateOf = (copy: FileCopy): CopyState => compare(copy, readable.find(({ bytes }) => bytes === copy)?.parsed, merged.bytes);
  return { ...merged, copies: [stateOf(first), stateOf(second)] };
}

type Merged = Omit<MergedSegment, 'copies'>;
type Readable = Readonly<{ bytes: Uint8Array; parsed: ParsedSegment }>;

const contradictingRecords = 'the copies hold different records';

function mergeParsed(copies: readonly Readable[]): Merged {
  const [withHeader, other] = copies.filter(({ parsed }) => !isInvalid(parsed.header));
  const header = withHeader?.parsed.header;
  if (!withHeader || !header || isInvalid(header)) return withoutHeader(copies.map(({ parsed }) => parsed));
  const sources = copies.map(({ bytes }) => bytes);
  const chain = followChain(sources, header);
  const tails = sources.flatMap((source) => (source.length > chain.endBytes ? [classifyTail(source, chain.endBytes, chain.reason)] : []));
  const contradiction = other && JSON.stringify(other.parsed.header) !== JSON.stringify(header) ? 'the copies have different headers' : chain.contradiction;
  const damage: SegmentTail | undefined = contradiction === undefined ? undefined : { kind: 'damaged', offsetBytes: chain.endBytes, lengthBytes: 0, reason: contradiction };
  return {
    header, entries: chain.entries, bytes: concatenate([withHeader.bytes.subarray(0, SEGMENT_HEADER_BYTES), ...chain.parts]),
    strays: joinStrays(tails), tail: damage ?? worstTail(tails.map(({ tail }) => tail)),
  };
}

type Chain = { readonly entries: LedgerEntry[]; readonly parts: Uint8Array[]; endBytes: number; reason: string; contradiction?: string };

/** Takes record after record from whichever copy has it. */
function followChain(sources: readonly Uint8Array[], header: LedgerSegmentHeader): Chain {
  const chain: Chain = { entries: [], parts: [], endBytes: SEGMENT_HEADER_BYTES, reason: '' };
  let previousHash: Digest = header.previousHash;
  for (;;) {
    const found = decodeAt(sources, chain.endBytes, { seq: header.firstSeq + chain.entries.length, previousHash });
    if (isInvalid(found)) return found.invalid === contradictingRecords ? { ...chain, reason: found.invalid, contradiction: found.invalid } : { ...chain, reason: found.invalid };
    const { entry, source } = found;
    chain.entries.push(entry);
    chain.parts.push(source.subarray(entry.offsetBytes, entry.offsetBytes + entry.lengthBytes));
    previousHash = entry.hash;
    chain.endBytes += entry.lengthBytes;
  }
}

function decodeAt(sources: readonly Uint8Array[], at: number, expected: Readonly<{ seq: number; previousHash: Digest }>): { entry: LedgerEntry; source: Uint8Array } | Invalid {
  let found: { entry: LedgerEntry; source: Uint8Array } | undefined;
  let invalid = 'end';
  for (const source of sources) {
    if (at >= source.length) continue;
    const entry = decodeEntry(source, at);
    const fault = isInvalid(entry) ? entry.invalid : findChainFault(entry, expected.seq, expected.previousHash);
    if (isInvalid(entry) || fault !== undefined) invalid = fault ?? 'record';
    // Appends that failed are cut back durably, so no crash leaves two different records in one place.
    else if (found && found.entry.hash !== entry.hash) return { invalid: contradictingRecords };
    else found ??= { entry, source };
  }
  return found ?? { invalid };
}

function withoutHeader(parsed: readonly ParsedSegment[]): Merged {
  const [first] = parsed;
  const nothing = { kind: 'damaged', offsetBytes: 0, lengthBytes: 0, reason: 'the segment cannot be read' } as const;
  return {
    header: first?.header ?? { invalid: nothing.reason }, entries: [], bytes: new Uint8Array(), strays: joinStrays(parsed),
    tail: parsed.length === 0 ? nothing : worstTail(parsed.map(({ tail }) => tail)),
  };
}

/** Damage outweighs a tear, a tear a clean end. */
function worstTail(tails: readonly SegmentTail[]): SegmentTail {
  return tails.find(({ kind }) => kind === 'damaged') ?? tails.find(({ kind }) => kind === 'torn') ?? { kind: 'clean' };
}

function joinStrays(parts: readonly Readonly<{ strays: readonly LedgerEntry[] }>[]): LedgerEntry[] {
  const byHash = new Map<Digest, LedgerEntry>();
  for (const { strays } of parts) for (const entry of strays) byHash.set(entry.hash, entry);
  return [...byHash.values()].sort((a, b) => a.seq - b.seq);
}

function compare(copy: FileCopy, parsed: ParsedSegment | undefined, merged: Uint8Array): CopyState {
  if (copy === null) return 'missing';
  if (!(copy instanceof Uint8Array) || !parsed) return 'damaged';
  if (copy.length >= merged.length && Buffer.compare(copy.subarray(0, merged.length), merged) === 0) return 'whole';
  return parsed.tail.kind === 'damaged' ? 'damaged' : 'behind';
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
