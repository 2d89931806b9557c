/** GF(2^8) with x^8 + x^4 + x^3 + x^2 + 1, the field that most storage codes use. Its generator is 2. */
const POLYNOMIAL = 0x11d;
const ORDER = 255;

const exponents = new Uint8Array(2 * ORDER);
const logarithms = new Uint8Array(256);
for (let power = 0, value = 1; power < ORDER; power += 1) {
  exponents[power] = value;
  exponents[power + ORDER] = value;
  logarithms[value] = power;
  value = value & 0x80 ? (value << 1) ^ POLYNOMIAL : value << 1;
}

/** Product of two field elements, each 0 to 255. Sums are exclusive or. */
export function multiply(left: number, right: number): number {
  if (left === 0 || right === 0) return 0;
  return exponents[(logarithms[left] ?? 0) + (logarithms[right] ?? 0)] ?? 0;
}

/** The element whose product with `value` is 1; `value` is not 0. */
export function invert(value: number): number {
  return exponents[ORDER - (logarithms[value] ?? 0)] ?? 0;
}
