import { assertInvariant, bytesToHex, DIGEST_BYTES, endOf, writeHex, type Digest, type Extent } from '@lifeboat/model';
import type { KnownEntry } from '../source/volume-source.js';

const KINDS = ['data', 'zero', 'unallocated', 'unreadable', 'damaged'] as const;
/** Bytes that one entry costs in memory. */
const entryBytes = 8 + 8 + 1 + DIGEST_BYTES;

/** A part of a volume's map, packed: 49 bytes an entry where objects with strings would take five times that. */
export class MapWindow {
  private readonly offsets: Float64Array;
  private readonly lengths: Float64Array;
  private readonly kinds: Uint8Array;
  private readonly digests: Uint8Array;
  /** Some of this part is lost now; it may be repaired later. */
  readonly hasDamage: boolean;

  /** @param entries in order and without gap. */
  constructor(entries: readonly KnownEntry[]) {
    this.offsets = Float64Array.from(entries, (entry) => entry.offsetBytes);
    this.lengths = Float64Array.from(entries, (entry) => entry.lengthBytes);
    this.kinds = Uint8Array.from(entries, (entry) => KINDS.indexOf(entry.kind));
    this.digests = new Uint8Array(entries.length * DIGEST_BYTES);
    entries.forEach((entry, index) => { if (entry.kind === 'data') writeHex(entry.digest, this.digests, index * DIGEST_BYTES); });
    this.hasDamage = entries.some((entry) => entry.kind === 'damaged');
  }

  /** Memory it takes, about. */
  get sizeBytes(): number {
    return 256 + this.offsets.length * entryBytes;
  }

  /** The entries that touch `range`, whole. */
  find(range: Extent): KnownEntry[] {
    let low = 0;
    let high = this.offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.endAt(middle) <= range.offsetBytes) low = middle + 1;
      else high = middle;
    }
    const found: KnownEntry[] = [];
    for (let index = low; index < this.offsets.length; index += 1) {
      const entry = this.entryAt(index);
      if (entry.offsetBytes >= endOf(range)) break;
      found.push(entry);
    }
    return found;
  }

  private endAt(index: number): number {
    return (this.offsets[index] ?? 0) + (this.lengths[index] ?? 0);
  }

  private entryAt(index: number): KnownEntry {
    const kind = KINDS[this.kinds[index] ?? KINDS.length];
    assertInvariant(kind !== undefined, 'an entry of the window has a kind', { index });
    const place = { offsetBytes: this.offsets[index] ?? 0, lengthBytes: this.lengths[index] ?? 0 };
    if (kind !== 'data') return { kind, ...place };
    return { kind, ...place, digest: bytesToHex(this.digests, index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES) as Digest };
  }
}
