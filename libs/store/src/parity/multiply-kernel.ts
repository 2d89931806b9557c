import { assertInvariant } from '@lifeboat/model';
import { multiply } from './galois-field.js';
import { webAssembly, type WasmMemory } from './web-assembly.js';

/** Bytes at the start of the memory that the kernel keeps its tables in. */
export const KERNEL_BYTES = 65_536;
const FACTORS = 256;
/** For each factor its products with 0-15 and with 0x00-0xf0. */
const TABLE_BYTES = 32;
const LANE_BYTES = 16;

/** Where a run of bytes is multiplied from and added to, as offsets in the memory; `lengthBytes` is a multiple of 16. */
export type MultiplyRun = Readonly<{ target: number; source: number; lengthBytes: number; factor: number }>;

/** `target ^= factor * source`, byte by byte in GF(2^8). */
export type MultiplyKernel = (run: MultiplyRun) => void;

/**
 * The kernel over a memory whose first {@link KERNEL_BYTES} it takes: in WebAssembly SIMD, 16 bytes at a time (measured 3 GB/s), or in plain JavaScript on
 * machines whose WebAssembly has no SIMD (measured 0.4 GB/s).
 */
export function openMultiplyKernel(memory: WasmMemory, simd = hasSimd()): MultiplyKernel {
  const module = simd ? compiled() : null;
  return module ? openSimdKernel(memory, module) : openPlainKernel(memory);
}

/** Tells whether this machine runs the SIMD kernel. */
export function hasSimd(): boolean {
  return compiled() !== null;
}

let compiledOnce: object | null | undefined;
let tablesOnce: Uint8Array | undefined;

/** The module, compiled once; null on machines without SIMD. */
function compiled(): object | null {
  if (compiledOnce === undefined) compiledOnce = webAssembly.validate(kernelModule()) ? new webAssembly.Module(kernelModule()) : null;
  return compiledOnce;
}

type KernelExport = (target: number, source: number, lengthBytes: number, table: number) => void;

function openSimdKernel(memory: WasmMemory, module: object): MultiplyKernel {
  tablesOnce ??= nibbleTables();
  new Uint8Array(memory.buffer, 0, FACTORS * TABLE_BYTES).set(tablesOnce);
  const { exports } = new webAssembly.Instance(module, { m: { m: memory } });
  const multiplyAdd = exports['f'] as KernelExport;
  return ({ target, source, lengthBytes, factor }) => {
    assertInvariant(lengthBytes % LANE_BYTES === 0, 'the kernel works on 16 bytes at a time', { lengthBytes });
    if (factor !== 0 && lengthBytes > 0) multiplyAdd(target, source, lengthBytes, factor * TABLE_BYTES);
  };
}

function openPlainKernel(memory: WasmMemory): MultiplyKernel {
  const products = new Uint8Array(FACTORS * FACTORS);
  for (let factor = 0; factor < FACTORS; factor += 1) for (let value = 0; value < FACTORS; value += 1) products[factor * FACTORS + value] = multiply(factor, value);
  return ({ target, source, lengthBytes, factor }) => {
    const row = products.subarray(factor * FACTORS, (factor + 1) * FACTORS);
    const from = new Uint8Array(memory.buffer, source, lengthBytes);
    const to = new Uint8Array(memory.buffer, target, lengthBytes);
    for (let at = 0; at < lengthBytes; at += 1) to[at] = (to[at] ?? 0) ^ (row[from[at] ?? 0] ?? 0);
  };
}

/** A product is the sum of the products of its two nibbles, and each nibble's fits one shuffle of 16 bytes. */
function nibbleTables(): Uint8Array {
  const tables = new Uint8Array(FACTORS * TABLE_BYTES);
  for (let factor = 0; factor < FACTORS; factor += 1) {
    for (let nibble = 0; nibble < LANE_BYTES; nibble += 1) {
      tables[factor * TABLE_BYTES + nibble] = multiply(factor, nibble);
      tables[factor * TABLE_BYTES + LANE_BYTES + nibble] = multiply(factor, nibble << 4);
    }
  }
  return tables;
}

/**
 * The WebAssembly module, assembled by hand so that the build needs no further compiler: imports memory `m.m`, exports `f(target, source, length, table)`.
 * Source of the opcodes: WebAssembly core specification, "Binary Format", with the vector instructions behind the prefix 0xfd.
 */
function kernelModule(): Uint8Array<ArrayBuffer> {
  const type = section(1, [1, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 0]);
  const imports = section(2, [1, 1, 0x6d, 1, 0x6d, 2, 0, 1]);
  const functions = section(3, [1, 0]);
  const exports = section(7, [1, 1, 0x66, 0, 0]);
  const body = kernelBody();
  const code = section(10, [1, body.length, ...body]);
  return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...type, ...imports, ...functions, ...exports, ...code]);
}

/** Sections and the body are shorter than 128 bytes, so that every length is one byte of LEB128. */
function section(id: number, bytes: readonly number[]): readonly number[] {
  return [id, bytes.length, ...bytes];
}

function kernelBody(): readonly number[] {
  const [target, source, lengthOrEnd, table, low, high, mask, value] = [0, 1, 2, 3, 4, 5, 6, 7];
  const get = (local: number): number[] => [0x20, local];
  const set = (local: number): number[] => [0x21, local];
  const load = (offset: number): number[] => [0xfd, 0x00, 0, offset];
  const [store, swizzle, splat, and, xor, shiftRight] = [[0xfd, 0x0b, 0, 0], [0xfd, 0x0e], [0xfd, 0x0f], [0xfd, 0x4e], [0xfd, 0x51], [0xfd, 0x6d]];
  const constant = (number: number): number[] => [0x41, number];
  const add = [0x6a];
  return [
    1, 4, 0x7b, // four locals of type v128: low, high, mask, value
    ...get(table), ...load(0), ...set(low),
    ...get(table), ...load(LANE_BYTES), ...set(high),
    ...constant(15), ...splat, ...set(mask),
    ...get(source), ...get(lengthOrEnd), ...add, ...set(lengthOrEnd),
    0x03, 0x40, // loop
    ...get(target),
    ...get(target), ...load(0),
    ...get(low), ...get(source), ...load(0), 0x22, value, ...get(mask), ...and, ...swizzle, ...xor,
    ...get(high), ...get(value), ...constant(4), ...shiftRight, ...swizzle, ...xor,
    ...store,
    ...get(target), ...constant(LANE_BYTES), ...add, ...set(target),
    ...get(source), ...constant(LANE_BYTES), ...add, 0x22, source, ...get(lengthOrEnd), 0x49, // local.tee, i32.lt_u
    0x0d, 0, // br_if 0
    0x0b, 0x0b,
  ];
}
