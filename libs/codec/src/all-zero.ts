const zeros = Buffer.alloc(1024 * 1024);

/** Tells whether every byte is zero. A memcmp against zeros: tens of GiB/s for zeros, at once for most other bytes. */
export function isAllZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const part = bytes.subarray(at, at + zeros.length);
    if (zeros.compare(part, 0, part.length, 0, part.length) !== 0) return false;
  }
  return true;
}
