import { writeHex, type Digest } from '@lifeboat/model';
import { viewOf } from '../binary/binary.js';

/** With 24 bits and 12 probes a digest that is not in the set passes for one with a chance of 1.4e-5. */
const bitsPerDigest = 24;
const probes = 12;
const digestsMin = 1024;

/**
 * The digests that are live, as a Bloom filter: 3 bytes for each digest the store holds, 48 MiB for a TiB of 64 KiB chunks. It never forgets what was added; what
 * it takes for live by chance is kept, which costs space and nothing else.
 */
export class LiveSet {
  private readonly words: Uint32Array;
  private readonly bits: number;
  private readonly scratch = new Uint8Array(32);
  private readonly key = viewOf(this.scratch);

  /** @param expected digests that may be added; with more, more garbage passes for live. */
  constructor(expected: number) {
    this.words = new Uint32Array(Math.ceil((Math.max(expected, digestsMin) * bitsPerDigest) / 32));
    this.bits = this.words.length * 32;
  }

  /** @returns whether the digest is new, as far as the filter can tell. */
  add(digest: Digest): boolean {
    let isNew = false;
    this.forEachBit(digest, (word, mask) => {
      const before = this.words[word] ?? 0;
      if ((before & mask) === 0) {
        isNew = true;
        this.words[word] = before | mask;
      }
      return true;
    });
    return isNew;
  }

  /** True for every digest that was added. */
  has(digest: Digest): boolean {
    return this.forEachBit(digest, (word, mask) => ((this.words[word] ?? 0) & mask) !== 0);
  }

  /** Double hashing with two 48-bit parts of the digest, which is as good as random; sums stay exact below 2^53. */
  private forEachBit(digest: Digest, visit: (word: number, mask: number) => boolean): boolean {
    writeHex(digest, this.scratch, 0);
    let bit = (this.key.getUint32(0, true) + this.key.getUint16(4, true) * 2 ** 32) % this.bits;
    const step = 1 + ((this.key.getUint32(8, true) + this.key.getUint16(12, true) * 2 ** 32) % (this.bits - 1));
    for (let probe = 0; probe < probes; probe += 1) {
      const inWord = bit % 32;
      if (!visit((bit - inWord) / 32, (1 << inWord) >>> 0)) return false;
      bit += step;
      if (bit >= this.bits) bit -= this.bits;
    }
    return true;
  }
}
