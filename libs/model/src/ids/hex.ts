const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const NIBBLE = new Int8Array(128).fill(-1);
for (let digit = 0; digit < 16; digit += 1) NIBBLE[digit.toString(16).charCodeAt(0)] = digit;

/** Lower-case hexadecimal of `bytes[start, end)`. */
export function bytesToHex(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let hex = '';
  for (let at = start; at < end; at += 1) hex += HEX[bytes[at] ?? 0] ?? '';
  return hex;
}

/** Writes the bytes of lower-case hexadecimal `hex` into `target` at `offset`; the caller has validated `hex`. */
export function writeHex(hex: string, target: Uint8Array, offset: number): void {
  for (let at = 0; at * 2 < hex.length; at += 1) {
    target[offset + at] = ((NIBBLE[hex.charCodeAt(at * 2)] ?? 0) << 4) | (NIBBLE[hex.charCodeAt(at * 2 + 1)] ?? 0);
  }
}

/** The bytes of lower-case hexadecimal `hex`, which the caller has validated. */
export function hexToBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  writeHex(hex, bytes, 0);
  return bytes;
}
