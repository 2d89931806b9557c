import fc from 'fast-check';
import type { PackId } from '@lifeboat/model';
import { isInvalid } from '../binary/binary.js';
import { decodeParityFile, encodeParityFile, parityFileBytesOf, type ParityFile } from './parity-file.js';
import { PARITY_BLOCK_BYTES, parityShapeOf } from './parity-shape.js';

const packId = '0123456789abcdef0123456789abcdef' as PackId;

function sample(fileLengthBytes: number): { bytes: Uint8Array; sums: Uint32Array; parity: Uint8Array } {
  const shape = parityShapeOf(fileLengthBytes);
  const sums = Uint32Array.from({ length: shape.blocks + shape.parityBlocks }, (_, index) => Math.imul(index + 1, 2_654_435_761) >>> 0);
  const parity = Uint8Array.from({ length: shape.parityBlocks * PARITY_BLOCK_BYTES }, (_, index) => (index >> 12) + index);
  return { bytes: encodeParityFile({ packId, shape, sums }, parity), sums, parity };
}

function decode(bytes: Uint8Array): ParityFile {
  const decoded = decodeParityFile(bytes, packId);
  if (isInvalid(decoded)) throw new Error(decoded.invalid);
  return decoded;
}

test.each([1, 5000, 4096 * 128, 4096 * 1300 + 5])('the parity file of a pack of %d bytes comes back as it was', (lengthBytes) => {
  const { bytes, sums, parity } = sample(lengthBytes);
  const shape = parityShapeOf(lengthBytes);
  expect(bytes.length).toBe(parityFileBytesOf(shape));
  const decoded = decode(bytes);
  expect(decoded).toMatchObject({ shape, faults: [] });
  expect(decoded.sums).toEqual(sums);
  const block = new Uint8Array(PARITY_BLOCK_BYTES);
  for (let index = 0; index < shape.parityBlocks; index += 1) {
    expect(decoded.copyParity(index, block)).toBe(true);
    expect(Buffer.compare(block, parity.subarray(index * PARITY_BLOCK_BYTES, (index + 1) * PARITY_BLOCK_BYTES))).toBe(0);
  }
});

test('the bytes of a format 1 file stay what they are', () => {
  // The page docs/formats/parity.md describes these.
  const { bytes } = sample(5000);
  const header = '4c425041524954590100000000100000' + packId + '8813000000000000' + '0200' + '0400' + '01000000';
  expect(Buffer.from(bytes.subarray(0, 48)).toString('hex')).toBe(header);
  expect(bytes.length).toBe(4096 + 4 * 4096 + 7 * 4 + 128);
});

test('any change outside the parity blocks is noticed, and no single one takes a checksum away', () => {
  const { bytes, sums } = sample(4096 * 1300);
  const { parityBlocks } = parityShapeOf(4096 * 1300);
  const parityStart = Math.ceil((128 + (sums.length + 2) * 4) / 4096) * 4096;
  fc.assert(fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
    const isParity = at >= parityStart && at < parityStart + parityBlocks * PARITY_BLOCK_BYTES;
    const copy = Uint8Array.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ mask;
    const decoded = decode(copy);
    expect(decoded.faults.length > 0).toBe(!isParity);
    expect(decoded.sums).toEqual(sums);
    expect(decoded.isKnown(0) && decoded.isKnown(sums.length - 1)).toBe(true);
  }), { numRuns: 300 });
});

test('arbitrary and mutated bytes are refused or read without harm', () => {
  const { bytes } = sample(20_000);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => { expect(isInvalid(decodeParityFile(garbage, packId))).toBe(true); }));
  fc.assert(fc.property(fc.nat(bytes.length), fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 40 }), (cut, changes) => {
    const copy = Uint8Array.from(bytes.subarray(0, cut));
    for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
    const decoded = decodeParityFile(copy, packId);
    if (isInvalid(decoded)) return;
    const block = new Uint8Array(PARITY_BLOCK_BYTES);
    for (let index = 0; index < decoded.shape.parityBlocks; index += 1) decoded.copyParity(index, block);
  }), { numRuns: 500 });
});

test('the file of another pack, or of a later version, is not used', () => {
  const { bytes } = sample(5000);
  expect(decodeParityFile(bytes, 'ff'.repeat(16) as PackId)).toEqual({ invalid: 'parity of another pack' });
});
