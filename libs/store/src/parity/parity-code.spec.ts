import fc from 'fast-check';
import { factorOf, solveFor } from './cauchy-code.js';
import { checksumBlocks, encodeParity } from './encode-parity.js';
import { invert, multiply } from './galois-field.js';
import { hasSimd, KERNEL_BYTES, openMultiplyKernel } from './multiply-kernel.js';
import { ImageMemory, type PackImage } from './pack-image.js';
import { PARITY_BLOCK_BYTES, parityShapeOf, type ParityStrength } from './parity-shape.js';
import { rebuildBlocks } from './rebuild-blocks.js';
import { webAssembly } from './web-assembly.js';

/** Multiplication as the definition says: polynomials over GF(2), reduced bit by bit. Shares nothing with the tables. */
function multiplySlowly(left: number, right: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit += 1) if (right & (1 << bit)) product ^= left << bit;
  for (let bit = 14; bit >= 8; bit -= 1) if (product & (1 << bit)) product ^= 0x11d << (bit - 8);
  return product;
}

const byte = fc.integer({ min: 0, max: 255 });
const memory = new ImageMemory();

function imageOf(bytes: Uint8Array, strength?: ParityStrength): PackImage {
  const image = memory.take(parityShapeOf(bytes.length, strength));
  image.bytes.set(bytes);
  return image;
}

function randomBytes(lengthBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  let state = seed + 1;
  for (let at = 0; at < lengthBytes; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

describe('the field', () => {
  test('multiplies as its definition says, and divides', () => {
    for (let left = 0; left < 256; left += 1) for (let right = 0; right < 256; right += 1) if (multiply(left, right) !== multiplySlowly(left, right)) throw new Error(`${left} * ${right}`);
    for (let value = 1; value < 256; value += 1) expect(multiplySlowly(value, invert(value))).toBe(1);
  });

  test('has the products that published tables of 0x11d have', () => {
    // Source: H. P. Anvin, "The mathematics of RAID-6", and klauspost/reedsolomon galois_test.go.
    expect([multiply(3, 4), multiply(7, 7), multiply(23, 45), multiply(0x80, 2)]).toEqual([12, 21, 41, 0x1d]);
  });
});

describe.each([{ simd: true }, { simd: false }])('the kernel, simd $simd', ({ simd }) => {
  test('adds the product of every factor with every byte', () => {
    expect(hasSimd()).toBe(true);
    const wasm = new webAssembly.Memory({ initial: 2, maximum: 2 });
    const kernel = openMultiplyKernel(wasm, simd);
    const all = Uint8Array.from({ length: 256 }, (_, value) => value);
    const [source, target] = [new Uint8Array(wasm.buffer, KERNEL_BYTES, 256), new Uint8Array(wasm.buffer, KERNEL_BYTES + 1024, 256)];
    source.set(all);
    for (let factor = 0; factor < 256; factor += 1) {
      target.fill(0xa5);
      kernel({ target: KERNEL_BYTES + 1024, source: KERNEL_BYTES, lengthBytes: 240, factor });
      const expected = all.map((value) => (value < 240 ? 0xa5 ^ multiplySlowly(factor, value) : 0xa5));
      if (Buffer.compare(target, expected) !== 0) throw new Error(`factor ${factor}`);
    }
  });

  test('refuses lengths it would not finish', () => {
    const kernel = openMultiplyKernel(new webAssembly.Memory({ initial: 2, maximum: 2 }), simd);
    if (simd) expect(() => { kernel({ target: KERNEL_BYTES, source: KERNEL_BYTES, lengthBytes: 17, factor: 2 }); }).toThrow();
  });
});

test('every square part of the code has an inverse that solves it', () => {
  const shard = (max: number): fc.Arbitrary<number[]> => fc.uniqueArray(fc.integer({ min: 0, max }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(shard(127), shard(3), fc.array(byte, { minLength: 4, maxLength: 4 }), (lost, parity, values) => {
    const size = Math.min(lost.length, parity.length);
    const [lostShards, parityShards] = [lost.slice(0, size), parity.slice(0, size)];
    const sums = parityShards.map((p) => lostShards.reduce((sum, d, index) => sum ^ multiplySlowly(factorOf(p, d), values[index] ?? 0), 0));
    const solved = solveFor(lostShards, parityShards).map((row) => row.reduce((sum, factor, index) => sum ^ multiplySlowly(factor, sums[index] ?? 0), 0));
    expect(solved).toEqual(values.slice(0, size));
  }), { numRuns: 500 });
});

test.each([1, 4095, 4096, 5 * 4096 + 7, 127 * 4096, 128 * 4096, 128 * 4096 + 1, 300 * 4096 + 99])('parity of %d bytes is what the definition gives', async (lengthBytes) => {
  const bytes = randomBytes(lengthBytes, lengthBytes);
  const image = imageOf(bytes);
  await encodeParity(image);
  const { shardBlocks, dataShards, parityShards, blocks } = image.shape;
  expect(dataShards * shardBlocks).toBeGreaterThanOrEqual(blocks);
  for (const at of [0, 1, 17, PARITY_BLOCK_BYTES - 1]) {
    for (let column = 0; column < shardBlocks; column += 1) {
      for (let p = 0; p < parityShards; p += 1) {
        let sum = 0;
        for (let d = 0; d < dataShards; d += 1) sum ^= multiplySlowly(factorOf(p, d), bytes[(d * shardBlocks + column) * PARITY_BLOCK_BYTES + at] ?? 0);
        expect(image.parityBlock(p * shardBlocks + column)[at]).toBe(sum);
      }
    }
  }
});

test('any losses within the strength are rebuilt, any beyond are named and nothing else is touched', async () => {
  const strengths: ParityStrength[] = [{ dataShardsMax: 128, parityShards: 4 }, { dataShardsMax: 7, parityShards: 3 }, { dataShardsMax: 252, parityShards: 4 }, { dataShardsMax: 1, parityShards: 1 }];
  await fc.assert(fc.asyncProperty(fc.constantFrom(...strengths), fc.integer({ min: 1, max: 40 * 4096 }), fc.array(fc.nat(), { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 3 }), async (strength, lengthBytes, lostAt, parityAt) => {
    const bytes = randomBytes(lengthBytes, lengthBytes);
    const image = imageOf(bytes, strength);
    const { blocks, parityBlocks, shardBlocks } = image.shape;
    await encodeParity(image);
    const sums = await checksumBlocks(image);
    const wrong = new Set(lostAt.map((n) => n % blocks));
    const wrongParity = new Set(parityAt.map((n) => n % parityBlocks));
    for (const block of wrong) image.block(block).fill(0x5a);
    for (const block of wrongParity) image.parityBlock(block).fill(0xa5);
    const { rebuilt, lost } = await rebuildBlocks(image, { blocks: wrong, parityBlocks: wrongParity, sumOf: (block) => sums[block] });
    const countIn = (set: ReadonlySet<number>, column: number): number => [...set].filter((block) => block % shardBlocks === column).length;
    const solvable = [...wrong].filter((block) => countIn(wrong, block % shardBlocks) + countIn(wrongParity, block % shardBlocks) <= strength.parityShards);
    expect(rebuilt).toEqual(solvable.sort((left, right) => left - right));
    expect(lost.length).toBe(wrong.size - rebuilt.length);
    for (let block = 0; block < blocks; block += 1) {
      const expected = Buffer.alloc(PARITY_BLOCK_BYTES);
      bytes.copy(expected, 0, block * PARITY_BLOCK_BYTES);
      if (!lost.includes(block)) expect(Buffer.compare(image.block(block), expected)).toBe(0);
    }
  }), { numRuns: 150 });
});

test('a rebuilt block whose checksum disagrees stays lost', async () => {
  const image = imageOf(randomBytes(10 * 4096, 1));
  await encodeParity(image);
  const result = await rebuildBlocks(image, { blocks: new Set([3]), parityBlocks: new Set(), sumOf: () => 12_345 });
  expect(result).toEqual({ rebuilt: [], lost: [3] });
});
