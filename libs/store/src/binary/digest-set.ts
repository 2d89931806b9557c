import { writeHex, type Digest } from '@lifeboat/model';
import { viewOf } from './binary.js';

/** Words of a digest. */
const DIGEST_WORDS = 8;
const firstCapacity = 256;
/** Share of used slots at which the set doubles. */
const loadMax = 0.6;

/** A set of digests that keeps all their bits: 55 to 110 bytes a digest. */
export class DigestSet {
  private words = new Uint32Array(firstCapacity * DIGEST_WORDS);
  private occupied = new Uint8Array(firstCapacity);
  private used = 0;
  private readonly scratch = new Uint8Array(4 * DIGEST_WORDS);
  private readonly key = viewOf(this.scratch);

  /** Number of digests. */
  get size(): number {
    return this.used;
  }

  has(digest: Digest): boolean {
    return this.occupied[this.slotOf(digest)] === 1;
  }

  /** @returns whether the digest is new. */
  add(digest: Digest): boolean {
    if (this.used >= this.occupied.length * loadMax) this.grow();
    const slot = this.slotOf(digest);
    if (this.occupied[slot] === 1) return false;
    for (let word = 0; word < DIGEST_WORDS; word += 1) this.words[slot * DIGEST_WORDS + word] = this.key.getUint32(word * 4, true);
    this.occupied[slot] = 1;
    this.used += 1;
    return true;
  }

  /** The digest's slot, or the free one where it belongs. Digests are as good as random, so their first bits are the hash. */
  private slotOf(digest: Digest): number {
    writeHex(digest, this.scratch, 0);
    let slot = this.key.getUint32(0, true) % this.occupied.length;
    while (this.occupied[slot] === 1 && !this.isKeyAt(slot)) slot = (slot + 1) % this.occupied.length;
    return slot;
  }

  private isKeyAt(slot: number): boolean {
    for (let word = 0; word < DIGEST_WORDS; word += 1) if (this.words[slot * DIGEST_WORDS + word] !== this.key.getUint32(word * 4, true)) return false;
    return true;
  }

  private grow(): void {
    const { words, occupied } = this;
    const capacity = occupied.length * 2;
    this.words = new Uint32Array(capacity * DIGEST_WORDS);
    this.occupied = new Uint8Array(capacity);
    for (let from = 0; from < occupied.length; from += 1) {
      if (occupied[from] !== 1) continue;
      let slot = (words[from * DIGEST_WORDS] ?? 0) % capacity;
      while (this.occupied[slot] === 1) slot = (slot + 1) % capacity;
      this.words.set(words.subarray(from * DIGEST_WORDS, (from + 1) * DIGEST_WORDS), slot * DIGEST_WORDS);
      this.occupied[slot] = 1;
    }
  }
}
