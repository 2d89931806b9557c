import { bytesToHex, hexToBytes } from '@lifeboat/model';

/** Positions of the bytes in text order: the first three fields of a GUID are little-endian on disk. */
const TEXT_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;

/** The GUID in `bytes[offset, offset + 16)` as upper-case text with dashes, as partition tools print it. @see UEFI 2.10, appendix A. */
export function readGuid(bytes: Uint8Array, offset: number): string {
  const ordered = Uint8Array.from(TEXT_ORDER, (at) => bytes[offset + at] ?? 0);
  const hex = bytesToHex(ordered).toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Writes GUID text, which the caller has validated with {@link isGuid}. */
export function writeGuid(text: string, target: Uint8Array, offset: number): void {
  const ordered = hexToBytes(text.replaceAll('-', '').toLowerCase());
  TEXT_ORDER.forEach((at, index) => {
    target[offset + at] = ordered[index] ?? 0;
  });
}

/** True for 8-4-4-4-12 hexadecimal digits. */
export const isGuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
