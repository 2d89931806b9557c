import { randomBytes } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { compressChunk, crc32, digestOf, digestOfWasm, expand, isAllZero, StoredBytesInvalid } from './index.js';

describe('digestOf', () => {
  // Official BLAKE3 test vectors: input byte i is i mod 251.
  test.each([
    { length: 0, digest: 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262' },
    { length: 1, digest: '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213' },
    { length: 1024, digest: '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7' },
  ])('equals the published vector of $length bytes, natively and in WebAssembly', ({ length, digest }) => {
    const input = Uint8Array.from({ length }, (_, at) => at % 251);
    expect([digestOf(input), digestOfWasm(input)]).toEqual([digest, digest]);
  });
});

describe('compressChunk and expand', () => {
  test('give back what went in', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 5000 }), fc.nat(100_000).map((length) => new Uint8Array(length).fill(7))), (plain) => {
        const { codec, bytes } = compressChunk(plain);
        expect(Buffer.from(expand(codec, bytes, plain.length)).equals(plain)).toBe(true);
      }),
    );
  });

  test('keep incompressible bytes raw', () => {
    expect(compressChunk(randomBytes(65_536)).codec).toBe('raw');
  });

  test('stop a decompression bomb at the stated length', () => {
    const bomb = zstdCompressSync(new Uint8Array(64 * 1024 * 1024), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
    expect(() => expand('zstd', bomb, 65_536)).toThrow(StoredBytesInvalid);
  });

  test('refuse arbitrary bytes with a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(70_000), (stored, length) => {
        try {
          expect(expand('zstd', stored, length)).toHaveLength(length);
        } catch (error) {
          expect(error).toBeInstanceOf(StoredBytesInvalid);
        }
      }),
    );
  });

  test('refuse a shorter and a longer claim', () => {
    const { codec, bytes } = compressChunk(new Uint8Array(1000).fill(1));
    expect(() => expand(codec, bytes, 999)).toThrow(StoredBytesInvalid);
    expect(() => expand(codec, bytes, 1001)).toThrow(StoredBytesInvalid);
  });
});

test('crc32 equals the check value of the standard', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
});

test('isAllZero finds a single bit anywhere, at any alignment and length', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.integer({ min: 1, max: 200 }), fc.nat(), (skip, length, place) => {
      const bytes = new Uint8Array(skip + length + 9).subarray(skip, skip + length);
      expect(isAllZero(bytes)).toBe(true);
      bytes[place % length] = 1;
      expect(isAllZero(bytes)).toBe(false);
    }),
  );
});
