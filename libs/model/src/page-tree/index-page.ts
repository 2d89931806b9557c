import { bytesToHex, writeHex } from '../ids/hex.js';
import { DIGEST_BYTES, type Digest } from '../ids/digest.js';
import { OperationalError } from '../errors/errors.js';
import { chunkBytesMax, type InnerEntry, type MapEntry } from './map-entry.js';

export const PAGE_ENTRIES_MAX = 512;
export const PAGE_HEADER_BYTES = 32;
export const PAGE_ENTRY_BYTES = 48;
const MAGIC = 0x4750424c; // "LBPG" in little-endian order
const VERSION = 1;
const KIND_CODES = { data: 1, zero: 2, unallocated: 3, unreadable: 4, page: 5 } as const;
const KINDS = [undefined, 'data', 'zero', 'unallocated', 'unreadable', 'page'] as const;

/** A page's bytes are not what a page must be; `details.reason` says which rule broke. */
export class PageInvalid extends OperationalError {
  readonly code = 'PAGE_INVALID';
  constructor(reason: string) {
    super('an index page is damaged', { retry: 'never', details: { reason }, remedy: 'Run `lifeboat store fsck --data` to see which restore points are affected.' });
  }
}

/** A decoded page. Level 0 holds map entries, higher levels inner entries; both sorted and without gaps. */
export type IndexPage =
  | Readonly<{ level: 0; entries: readonly MapEntry[] }>
  | Readonly<{ level: number; entries: readonly InnerEntry[] }>;

/**
 * Encodes a page; byte-exact description in docs/formats/index-page.md. The result is what the page's digest is taken of.
 *
 * @param entries 1..512, sorted, without gaps. The caller owns the returned bytes.
 */
export function encodeIndexPage(level: number, entries: readonly (MapEntry | InnerEntry)[]): Uint8Array {
  const bytes = new Uint8Array(PAGE_HEADER_BYTES + entries.length * PAGE_ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  const first = entries[0];
  const last = entries.at(-1);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, VERSION);
  view.setUint8(5, level);
  view.setUint16(6, entries.length, true);
  view.setBigUint64(8, BigInt(first?.offsetBytes ?? 0), true);
  view.setBigUint64(16, BigInt(first && last ? last.offsetBytes + last.lengthBytes - first.offsetBytes : 0), true);
  entries.forEach((entry, index) => {
    writeMapEntry(view, PAGE_HEADER_BYTES + index * PAGE_ENTRY_BYTES, entry);
  });
  return bytes;
}

/** Writes one 48-byte entry at `at`: offset u64, length u56, kind u8, digest 32 bytes (zeros for runs). Also used by frames and journals. */
export function writeMapEntry(view: DataView, at: number, entry: MapEntry | InnerEntry): void {
  view.setUint32(at, entry.offsetBytes % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(entry.offsetBytes / 2 ** 32), true);
  view.setUint32(at + 8, entry.lengthBytes % 2 ** 32, true);
  view.setUint32(at + 12, Math.floor(entry.lengthBytes / 2 ** 32), true);
  view.setUint8(at + 15, KIND_CODES[entry.kind]);
  if ('digest' in entry) writeHex(entry.digest, new Uint8Array(view.buffer, view.byteOffset + at + 16, DIGEST_BYTES), 0);
}

/**
 * Reads one 48-byte entry.
 * @throws PageInvalid (PAGE_INVALID) unknown kind, empty or absurd range, a digest on a run, a chunk over {@link chunkBytesMax}.
 */
export function readMapEntry(view: DataView, at: number): MapEntry | InnerEntry {
  const kind = KINDS[view.getUint8(at + 15)];
  const offsetBytes = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  const lengthBytes = view.getUint32(at + 8, true) + (view.getUint32(at + 12, true) & 0xffffff) * 2 ** 32;
  if (!kind) throw new PageInvalid('unknown entry kind');
  if (lengthBytes === 0 || !Number.isSafeInteger(offsetBytes + lengthBytes)) throw new PageInvalid('entry range');
  const raw = new Uint8Array(view.buffer, view.byteOffset + at + 16, DIGEST_BYTES);
  if (kind === 'data' || kind === 'page') {
    if (kind === 'data' && lengthBytes > chunkBytesMax) throw new PageInvalid('chunk too long');
    return { kind, offsetBytes, lengthBytes, digest: bytesToHex(raw) as Digest };
  }
  if (raw.some((byte) => byte !== 0)) throw new PageInvalid('digest on a run');
  return { kind, offsetBytes, lengthBytes };
}

/**
 * Decodes and checks a page. Whoever asks by digest has compared the digest already; this guards the rules the tree relies on.
 * @throws PageInvalid (PAGE_INVALID) for anything but a well-formed page. Cost: linear, no allocation beyond the entries.
 */
export function decodeIndexPage(bytes: Uint8Array): IndexPage {
  if (bytes.length < PAGE_HEADER_BYTES + PAGE_ENTRY_BYTES) throw new PageInvalid('too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = view.getUint16(6, true);
  const level = view.getUint8(5);
  if (view.getUint32(0, true) !== MAGIC || view.getUint8(4) !== VERSION) throw new PageInvalid('magic or version');
  if (count === 0 || count > PAGE_ENTRIES_MAX || bytes.length !== PAGE_HEADER_BYTES + count * PAGE_ENTRY_BYTES) throw new PageInvalid('entry count');
  if (view.getBigUint64(24, true) !== 0n) throw new PageInvalid('reserved bytes');
  const entries: (MapEntry | InnerEntry)[] = [];
  let next = Number(view.getBigUint64(8, true));
  for (let index = 0; index < count; index += 1) {
    const entry = readMapEntry(view, PAGE_HEADER_BYTES + index * PAGE_ENTRY_BYTES);
    if (entry.offsetBytes !== next) throw new PageInvalid('gap or overlap');
    if (entry.kind === (level === 0 ? 'page' : 'data')) throw new PageInvalid('entry kind at this level');
    next += entry.lengthBytes;
    entries.push(entry);
  }
  if (Number(view.getBigUint64(16, true)) !== next - (entries[0]?.offsetBytes ?? 0)) throw new PageInvalid('covered length');
  return level === 0 ? { level: 0, entries: entries as MapEntry[] } : { level, entries: entries as InnerEntry[] };
}
