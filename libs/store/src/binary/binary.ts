import { crc32, isAllZero } from '@lifeboat/codec';

/** What a parser found wrong, in a few words for reports; parsers of the store's bytes return it rather than throw. */
export type Invalid = Readonly<{ invalid: string }>;

/** Narrows a parser's answer to its failure. */
export function isInvalid(value: object | Invalid): value is Invalid {
  return 'invalid' in value;
}

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Writes a safe integer as 64 bits, little-endian. */
export function putUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

/** Reads 64 bits, little-endian; NaN when beyond the safe integers, so that every comparison with it fails. */
export function getUint64(view: DataView, at: number): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** Writes ASCII `text` at `at`. */
export function putAscii(bytes: Uint8Array, at: number, text: string): void {
  for (let index = 0; index < text.length; index += 1) bytes[at + index] = text.charCodeAt(index);
}

/** Tells whether ASCII `text` stands at `at`. */
export function hasAscii(bytes: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (bytes[at + index] !== text.charCodeAt(index)) return false;
  return true;
}

/** Writes the CRC-32 of everything before `at`, as 32 bits at `at`. */
export function sealWithCrc(bytes: Uint8Array, at: number): void {
  viewOf(bytes).setUint32(at, crc32(bytes.subarray(0, at)), true);
}

/** Tells whether the 32 bits at `at` are the CRC-32 of everything before. */
export function crcHolds(bytes: Uint8Array, at: number): boolean {
  return bytes.length >= at + 4 && viewOf(bytes).getUint32(at, true) === crc32(bytes.subarray(0, at));
}

/** Tells whether `bytes[start, end)` are zeros, as reserved fields and padding must be. */
export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  return isAllZero(bytes.subarray(start, end));
}

/** `value` rounded up to a multiple of `step`, a power of two up to 2^30. */
export function alignUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
