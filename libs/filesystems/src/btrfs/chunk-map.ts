import type { Extent } from '@lifeboat/model';
import { type BtrfsSuperblock, safe } from './btrfs-superblock.js';

const DUPLICATE = 0x20n;
/** Every bit that says how a chunk is spread over devices. */
const PROFILES = 0x7f8n;
const CHUNK_HEADER_BYTES = 48;
const STRIPE_BYTES = 32;
const KEY_BYTES = 17;
const CHUNK_ITEM = 228;
/** One chunk is usually 1 GiB. */
const CHUNKS_MAX = 1_000_000;

/** A stretch of logical addresses and where its copies lie on the device. */
export type Chunk = Readonly<{ logical: number; lengthBytes: number; copies: readonly number[] }>;

/**
 * Reads a chunk item.
 * @returns a few words when it makes no sense or lies on several devices. Never throws.
 * @see btrfs.readthedocs.io, "On-disk format", "CHUNK_ITEM".
 */
export function parseChunk(item: Buffer, logical: number, sb: BtrfsSuperblock): Chunk | string {
  if (item.length < CHUNK_HEADER_BYTES) return 'chunk item too short';
  const [lengthBytes, type, stripes] = [safe(item, 0), item.readBigUInt64LE(24), item.readUInt16LE(44)];
  const profile = type & PROFILES;
  if (profile !== 0n && profile !== DUPLICATE) return 'chunk spread over several devices';
  if (stripes !== (profile === DUPLICATE ? 2 : 1) || item.length < CHUNK_HEADER_BYTES + stripes * STRIPE_BYTES) return 'absurd chunk';
  const copies: number[] = [];
  for (let at = CHUNK_HEADER_BYTES; copies.length < stripes; at += STRIPE_BYTES) {
    const offset = safe(item, at + 8);
    if (item.readBigUInt64LE(at) !== sb.deviceId || lengthBytes < sb.sectorBytes || offset + lengthBytes > sb.deviceBytes) return 'chunk outside of the device';
    copies.push(offset);
  }
  return Number.isSafeInteger(logical + lengthBytes) ? { logical, lengthBytes, copies } : 'absurd chunk';
}

/** Translates logical addresses to places on the device. */
export class ChunkMap {
  readonly #chunks: Chunk[] = [];

  /** The chunks that the superblock itself names, which hold the chunk tree; a few words when they make no sense. */
  static fromSuperblock(sb: BtrfsSuperblock): ChunkMap | string {
    const map = new ChunkMap();
    const array = sb.systemChunks;
    for (let at = 0; at + KEY_BYTES + CHUNK_HEADER_BYTES <= array.length; ) {
      const stripes = array.readUInt16LE(at + KEY_BYTES + 44);
      const end = at + KEY_BYTES + CHUNK_HEADER_BYTES + stripes * STRIPE_BYTES;
      const chunk = array.readUInt8(at + 8) === CHUNK_ITEM ? parseChunk(array.subarray(at + KEY_BYTES, end), safe(array, at + 9), sb) : 'absurd system chunk';
      if (typeof chunk === 'string') return chunk;
      const problem = map.add(chunk);
      if (problem !== null) return problem;
      at = end;
    }
    return map.#chunks.length > 0 ? map : 'no system chunk';
  }

  /** Adds a chunk behind the others; a few words when it overlaps the last one. */
  add(chunk: Chunk): string | null {
    const last = this.#chunks.at(-1);
    if (last && chunk.logical < last.logical + last.lengthBytes) return 'chunks overlap';
    if (this.#chunks.length >= CHUNKS_MAX) return 'absurd number of chunks';
    this.#chunks.push(chunk);
    return null;
  }

  /** The places of each copy of [logical, logical + lengthBytes); null when a part has no chunk. */
  placesOf(logical: number, lengthBytes: number): Extent[] | null {
    const places: Extent[] = [];
    const end = logical + lengthBytes;
    for (let at = logical; at < end; ) {
      const chunk = this.#find(at);
      if (!chunk) return null;
      const within = at - chunk.logical;
      const length = Math.min(end - at, chunk.lengthBytes - within);
      for (const copy of chunk.copies) places.push({ offsetBytes: copy + within, lengthBytes: length });
      at += length;
    }
    return places;
  }

  /** As {@link placesOf}, leaving out what has no chunk: gaps between chunks hold nothing. */
  placesInside(logical: number, lengthBytes: number): Extent[] {
    const places: Extent[] = [];
    const end = logical + lengthBytes;
    for (let index = this.#indexOf(logical), chunk = this.#chunks[index]; chunk && chunk.logical < end; index += 1, chunk = this.#chunks[index]) {
      const start = Math.max(logical, chunk.logical);
      const length = Math.min(end, chunk.logical + chunk.lengthBytes) - start;
      for (const copy of chunk.copies) places.push({ offsetBytes: copy + start - chunk.logical, lengthBytes: length });
    }
    return places;
  }

  #find(logical: number): Chunk | undefined {
    const chunk = this.#chunks[this.#indexOf(logical)];
    return chunk && chunk.logical <= logical ? chunk : undefined;
  }

  /** Index of the first chunk that ends behind `logical`. */
  #indexOf(logical: number): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const chunk = this.#chunks[middle];
      if (chunk && chunk.logical + chunk.lengthBytes <= logical) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
