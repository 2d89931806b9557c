export { digestOf, digestOfWasm } from './digest-of.js';
export { compressChunk, expand, StoredBytesInvalid, type StoredCodec } from './compression.js';
export { crc32 } from './checksum.js';
export { isAllZero } from './all-zero.js';
export { systemClock, systemRandom } from './system-ports.js';
