import { assertInvariant, writeHex, type Digest } from '@lifeboat/model';
import { viewOf } from '../binary/binary.js';

/** Words of a slot: 128 bits of the digest, pack number + 1 and flags, record offset / 16, entry and length. */
const SLOT_WORDS = 7;
const FLAG_BITS = 3;
const LENGTH_BITS = 20;
const OFFSET_UNIT_BYTES = 16;
const firstCapacity = 1024;
/** Share of used slots at which the table doubles. */
const loadMax = 0.6;

/** What a check learnt about a digest. */
export const digestFlags = { damaged: 1, referenced: 2, clean: 4 } as const;

/** Where a digest was found: the pack by its number in the check's list. */
export type TablePlace = Readonly<{ packNumber: number; recordOffset: number; entry: number; lengthBytes: number }>;

/**
 * All digests of a store with place and flags, in about 50 bytes each: a check must not need the index and must not need a JavaScript object per chunk.
 * 128 of the 256 bits tell digests apart.
 */
export class DigestTable {
  private words = new Uint32Array(firstCapacity * SLOT_WORDS);
  private capacity = firstCapacity;
  private used = 0;
  private readonly scratch = new Uint8Array(32);
  private readonly key = viewOf(this.scratch);

  /** Number of distinct digests. */
  get size(): number {
    return this.used;
  }

  /** Adds a place. Of two places of one digest the undamaged one stays. */
  add(digest: Digest, place: TablePlace, isDamaged: boolean): void {
    if (this.used >= this.capacity * loadMax) this.grow();
    const slot = this.slotOf(digest);
    const at = slot * SLOT_WORDS;
    const known = this.words[at + 4] !== 0;
    if (known && !(this.has(slot, 'damaged') && !isDamaged)) return;
    assertInvariant(place.recordOffset % OFFSET_UNIT_BYTES === 0 && place.entry < 2 ** (32 - LENGTH_BITS) && place.lengthBytes <= 2 ** LENGTH_BITS, 'a place fits its slot');
    for (let word = 0; word < 4; word += 1) this.words[at + word] = this.key.getUint32(word * 4, true);
    this.words[at + 4] = ((place.packNumber + 1) << FLAG_BITS) | (isDamaged ? digestFlags.damaged : 0);
    this.words[at + 5] = place.recordOffset / OFFSET_UNIT_BYTES;
    this.words[at + 6] = ((place.entry << LENGTH_BITS) | (place.lengthBytes - 1)) >>> 0;
    if (!known) this.used += 1;
  }

  /** The slot of a digest, or -1. Valid until the next add. */
  find(digest: Digest): number {
    const slot = this.slotOf(digest);
    return this.words[slot * SLOT_WORDS + 4] === 0 ? -1 : slot;
  }

  /** Where a found digest is. */
  place(slot: number): TablePlace {
    const [packed = 0, offset = 0, entryAndLength = 0] = this.words.subarray(slot * SLOT_WORDS + 4, slot * SLOT_WORDS + 7);
    return {
      packNumber: (packed >>> FLAG_BITS) - 1, recordOffset: offset * OFFSET_UNIT_BYTES,
      entry: entryAndLength >>> LENGTH_BITS, lengthBytes: (entryAndLength & (2 ** LENGTH_BITS - 1)) + 1,
    };
  }

  has(slot: number, flag: keyof typeof digestFlags): boolean {
    return ((this.words[slot * SLOT_WORDS + 4] ?? 0) & digestFlags[flag]) !== 0;
  }

  set(slot: number, flag: keyof typeof digestFlags): void {
    const at = slot * SLOT_WORDS + 4;
    this.words[at] = (this.words[at] ?? 0) | digestFlags[flag];
  }

  /** Digests and plain bytes without the flag. */
  totalWithout(flag: keyof typeof digestFlags): { chunks: number; plainBytes: number } {
    const total = { chunks: 0, plainBytes: 0 };
    for (let slot = 0; slot < this.capacity; slot += 1) {
      if (this.words[slot * SLOT_WORDS + 4] === 0 || this.has(slot, flag)) continue;
      total.chunks += 1;
      total.plainBytes += this.place(slot).lengthBytes;
    }
    return total;
  }

  /** The digest's slot, or the free one where it belongs. Digests are as good as random, so their first bits are the hash. */
  private slotOf(digest: Digest): number {
    writeHex(digest, this.scratch, 0);
    let slot = this.key.getUint32(0, true) % this.capacity;
    while (!this.fits(slot * SLOT_WORDS)) slot = (slot + 1) % this.capacity;
    return slot;
  }

  private fits(at: number): boolean {
    if (this.words[at + 4] === 0) return true;
    for (let word = 0; word < 4; word += 1) if (this.words[at + word] !== this.key.getUint32(word * 4, true)) return false;
    return true;
  }

  private grow(): void {
    const old = this.words;
    this.capacity *= 2;
    this.words = new Uint32Array(this.capacity * SLOT_WORDS);
    for (let from = 0; from < old.length; from += SLOT_WORDS) {
      if (old[from + 4] === 0) continue;
      let slot = (old[from] ?? 0) % this.capacity;
      while (this.words[slot * SLOT_WORDS + 4] !== 0) slot = (slot + 1) % this.capacity;
      this.words.set(old.subarray(from, from + SLOT_WORDS), slot * SLOT_WORDS);
    }
  }
}
