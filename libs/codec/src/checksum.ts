import { crc32 as zlibCrc32 } from 'node:zlib';

/** CRC-32 (IEEE 802.3) of `bytes`, continuing from `previous`. Finds rot cheaply; never trusted alone for "these are the right bytes". */
export const crc32 = (bytes: Uint8Array, previous = 0): number => zlibCrc32(bytes, previous);
