const BITS_SET = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

/** How many of the first `bitCount` bits are set. */
export function countSetBits(bitmap: Uint8Array, bitCount: number): number {
  let count = 0;
  const wholeBytes = Math.floor(bitCount / 8);
  for (let at = 0; at < wholeBytes; at += 1) count += BITS_SET[bitmap[at] ?? 0] ?? 0;
  if (bitCount % 8 > 0) count += BITS_SET[(bitmap[wholeBytes] ?? 0) & ((1 << bitCount % 8) - 1)] ?? 0;
  return count;
}

/** Calls `visit(first, count)` for every run of set bits, in order; the lowest bit of a byte comes first. */
export function forEachSetRun(bitmap: Uint8Array, bitCount: number, visit: (first: number, count: number) => void): void {
  let at = nextBit(bitmap, { from: 0, bitCount, wanted: 1 });
  while (at < bitCount) {
    const end = nextBit(bitmap, { from: at, bitCount, wanted: 0 });
    visit(at, end - at);
    at = nextBit(bitmap, { from: end, bitCount, wanted: 1 });
  }
}

/** The first bit from `from` on that is `wanted`, or `bitCount`; whole bytes without it are skipped at once. */
function nextBit(bitmap: Uint8Array, search: { from: number; bitCount: number; wanted: 0 | 1 }): number {
  const { bitCount, wanted } = search;
  const without = wanted === 1 ? 0x00 : 0xff;
  let at = search.from;
  while (at < bitCount) {
    const byte = bitmap[at >> 3] ?? 0;
    if (at % 8 === 0 && byte === without) at += 8;
    else if (((byte >> at % 8) & 1) === wanted) return at;
    else at += 1;
  }
  return bitCount;
}
