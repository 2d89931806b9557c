import { crc32 } from '@lifeboat/codec';
import { bytesToHex, writeHex, type PackId } from '@lifeboat/model';
import { viewOf } from '../binary/binary.js';
import type { ChunkPlace } from './chunk-index.js';

/** packId 16, record offset u48, entry u16, length u32, CRC-32 of key and value u32; little-endian. */
export const PLACE_BYTES = 32;
const CHECKED_BYTES = PLACE_BYTES - 4;

/** The value under `key`, the digest's 32 bytes. LMDB has no checksums of its own, so key and value carry one. */
export function encodePlace(key: Uint8Array, place: ChunkPlace): Buffer {
  const bytes = Buffer.alloc(PLACE_BYTES);
  writeHex(place.packId, bytes, 0);
  bytes.writeUIntLE(place.recordOffset, 16, 6);
  bytes.writeUInt16LE(place.entry, 22);
  bytes.writeUInt32LE(place.lengthBytes, 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CHECKED_BYTES), crc32(key)), CHECKED_BYTES);
  return bytes;
}

/** The place in a value, or undefined when key or value have rotted: to the store that is an unknown chunk, which is safe. */
export function decodePlace(key: Uint8Array, bytes: Uint8Array): ChunkPlace | undefined {
  if (bytes.length !== PLACE_BYTES) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(CHECKED_BYTES, true) !== crc32(bytes.subarray(0, CHECKED_BYTES), crc32(key))) return undefined;
  return {
    packId: bytesToHex(bytes, 0, 16) as PackId,
    recordOffset: view.getUint32(16, true) + view.getUint16(20, true) * 2 ** 32,
    entry: view.getUint16(22, true),
    lengthBytes: view.getUint32(24, true),
  };
}
