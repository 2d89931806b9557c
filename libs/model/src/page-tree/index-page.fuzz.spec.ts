import fc from 'fast-check';
import type { Digest } from '../ids/digest.js';
import { decodeIndexPage, encodeIndexPage, PAGE_HEADER_BYTES, type IndexPage } from './index-page.js';

/** Mutants in all; set LIFEBOAT_FUZZ to a million for a night. */
const numRuns = Number(process.env['LIFEBOAT_FUZZ'] ?? 2000);
const timeoutMs = 86_400_000;
const digest = 'd1'.repeat(32) as Digest;
const seeds = [
  encodeIndexPage(0, [
    { kind: 'data', offsetBytes: 0, lengthBytes: 65_536, digest }, { kind: 'zero', offsetBytes: 65_536, lengthBytes: 2 ** 33 }, { kind: 'unallocated', offsetBytes: 65_536 + 2 ** 33, lengthBytes: 4096 },
    { kind: 'unreadable', offsetBytes: 69_632 + 2 ** 33, lengthBytes: 512 },
  ]),
  encodeIndexPage(1, [{ kind: 'page', offsetBytes: 0, lengthBytes: 2 ** 25, digest }, { kind: 'page', offsetBytes: 2 ** 25, lengthBytes: 4096, digest }]),
];

/** A page that is accepted is exactly what it is written as, and its entries cover one range without a gap. */
function assertRefusedOrExact(bytes: Buffer): void {
  let page: IndexPage;
  try {
    page = decodeIndexPage(bytes);
  } catch (error) {
    expect(error).toMatchObject({ code: 'PAGE_INVALID' });
    return;
  }
  expect(Buffer.compare(encodeIndexPage(page.level, page.entries), bytes)).toBe(0);
  for (const { offsetBytes, lengthBytes } of page.entries) expect(Number.isSafeInteger(offsetBytes + lengthBytes) && lengthBytes > 0).toBe(true);
}

test('mutated index pages are refused or are pages', () => {
  const arbFlips = fc.array(fc.tuple(fc.nat({ max: 400 }), fc.oneof(fc.integer({ min: 1, max: 255 }), fc.constantFrom(0x80, 0xff, 0x01))), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(fc.constantFrom(...seeds), arbFlips, fc.option(fc.nat({ max: 400 })), (seed, flips, cut) => {
    const bytes = Buffer.from(seed);
    for (const [at, mask] of flips) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ mask;
    assertRefusedOrExact(cut === null ? bytes : bytes.subarray(0, cut));
  }), { numRuns });
}, timeoutMs);

test('bytes of any kind are refused or are pages', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: PAGE_HEADER_BYTES, maxLength: 300 }), fc.constantFrom(...seeds), (tail, seed) => {
    const bytes = Buffer.from(tail);
    bytes.set(seed.subarray(0, 6));
    assertRefusedOrExact(bytes);
  }), { numRuns });
}, timeoutMs);
