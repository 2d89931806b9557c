import { readFileSync, writeFileSync } from 'node:fs';

const ENTRY_BYTES = 32;
const NAME_CHARACTERS = 15;
const END_OF_CHAIN = 0xffff_ffff;
/** 1 January 2024, midnight, as DOS writes it. */
const TIMESTAMP = ((2024 - 1980) * 2 ** 25) + (1 << 21) + (1 << 16);

/** Puts files into the root directory of a fresh exFAT image, because neither the kernel nor a tool at hand can write to one. fsck.exfat checks the result. */
export class ExfatWriter {
  readonly #bytes: Buffer;
  readonly #clusterBytes: number;
  readonly #tableOffset: number;
  readonly #heapOffset: number;
  readonly clusterCount: number;
  readonly #root: number;

  constructor(private readonly path: string) {
    this.#bytes = readFileSync(path);
    const sectorBytes = 2 ** this.#bytes.readUInt8(108);
    this.#clusterBytes = sectorBytes * 2 ** this.#bytes.readUInt8(109);
    this.#tableOffset = this.#bytes.readUInt32LE(80) * sectorBytes;
    this.#heapOffset = this.#bytes.readUInt32LE(88) * sectorBytes;
    this.clusterCount = this.#bytes.readUInt32LE(92);
    this.#root = this.#bytes.readUInt32LE(96);
  }

  get heapOffsetBytes(): number {
    return this.#heapOffset;
  }

  get clusterBytes(): number {
    return this.#clusterBytes;
  }

  clusterAt(cluster: number): number {
    return this.#heapOffset + (cluster - 2) * this.#clusterBytes;
  }

  isUsed(cluster: number): boolean {
    return (((this.#bytes[this.#bitmap() + ((cluster - 2) >> 3)] ?? 0) >> (cluster - 2) % 8) & 1) === 1;
  }

  /** Adds a file in clusters `stride` apart; with 1 it needs no chain and gets none. Returns its clusters. */
  addFile(name: string, content: Buffer, stride: number): number[] {
    const clusters: number[] = [];
    for (let cluster = 2; clusters.length * this.#clusterBytes < content.length; cluster += 1) {
      if (this.isUsed(cluster) || (clusters.length > 0 && cluster - (clusters.at(-1) ?? 0) < stride)) continue;
      clusters.push(cluster);
    }
    const contiguous = clusters.every((cluster, at) => cluster === (clusters[0] ?? 0) + at);
    clusters.forEach((cluster, at) => {
      const bit = this.#bitmap() + ((cluster - 2) >> 3);
      this.#bytes[bit] = (this.#bytes[bit] ?? 0) | (1 << (cluster - 2) % 8);
      if (!contiguous) this.#bytes.writeUInt32LE(clusters[at + 1] ?? END_OF_CHAIN, this.#tableOffset + cluster * 4);
      content.copy(this.#bytes, this.clusterAt(cluster), at * this.#clusterBytes, (at + 1) * this.#clusterBytes);
    });
    this.#addEntries(name, { first: clusters[0] ?? 0, lengthBytes: content.length, contiguous });
    return clusters;
  }

  save(): void {
    writeFileSync(this.path, this.#bytes);
  }

  #bitmap(): number {
    const root = this.clusterAt(this.#root);
    for (let at = root; at < root + this.#clusterBytes; at += ENTRY_BYTES) if (this.#bytes[at] === 0x81) return this.clusterAt(this.#bytes.readUInt32LE(at + 20));
    return Number.NaN;
  }

  #addEntries(name: string, file: { first: number; lengthBytes: number; contiguous: boolean }): void {
    const nameEntries = Math.ceil(name.length / NAME_CHARACTERS);
    const set = Buffer.alloc(ENTRY_BYTES * (2 + nameEntries));
    set.writeUInt8(0x85, 0);
    set.writeUInt8(1 + nameEntries, 1);
    set.writeUInt16LE(0x20, 4);
    for (const at of [8, 12, 16]) set.writeUInt32LE(TIMESTAMP, at);
    set.writeUInt8(0xc0, 32);
    set.writeUInt8(file.contiguous ? 3 : 1, 33);
    set.writeUInt8(name.length, 35);
    set.writeUInt16LE(rotatingSum(Buffer.from(name.toUpperCase(), 'utf16le')), 36);
    set.writeBigUInt64LE(BigInt(file.lengthBytes), 40);
    set.writeUInt32LE(file.first, 52);
    set.writeBigUInt64LE(BigInt(file.lengthBytes), 56);
    for (let at = 0; at < nameEntries; at += 1) {
      set.writeUInt8(0xc1, ENTRY_BYTES * (2 + at));
      set.write(name.slice(at * NAME_CHARACTERS, (at + 1) * NAME_CHARACTERS), ENTRY_BYTES * (2 + at) + 2, 'utf16le');
    }
    set.writeUInt16LE(rotatingSum(set, new Set([2, 3])), 2);
    const root = this.clusterAt(this.#root);
    let at = root;
    while (this.#bytes[at] !== 0) at += ENTRY_BYTES;
    set.copy(this.#bytes, at);
  }
}

function rotatingSum(bytes: Uint8Array, left: ReadonlySet<number> = new Set()): number {
  let sum = 0;
  bytes.forEach((byte, at) => {
    if (!left.has(at)) sum = ((((sum & 1) << 15) | (sum >>> 1)) + byte) & 0xffff;
  });
  return sum;
}
