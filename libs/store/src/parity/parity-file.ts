import { crc32 } from '@lifeboat/codec';
import { bytesToHex, hexToBytes, writeHex, type PackId } from '@lifeboat/model';
import { alignUp, crcHolds, getUint64, hasAscii, isInvalid, isZero, putAscii, putUint64, sealWithCrc, viewOf, type Invalid } from '../binary/binary.js';
import { SHARDS_MAX } from './cauchy-code.js';
import { imageBytesMax } from './pack-image.js';
import { PARITY_BLOCK_BYTES, type ParityShape } from './parity-shape.js';

/** Byte-exact description: docs/formats/parity.md. The header stands at both ends of the file, the table before and after the parity. */
export const PARITY_HEADER_BYTES = 128;
const MAGIC = 'LBPARITY';
const MAJOR = 1;
const SUM_BYTES = 4;
/** Checksums of one page of the table; with the page's own they fill 4096 bytes. */
const SUMS_PER_PAGE = PARITY_BLOCK_BYTES / SUM_BYTES - 1;

/** The checksums of a pack's blocks and parity blocks, in this order, with the pack's shape. */
export type ParityTable = Readonly<{ packId: PackId; shape: ParityShape; sums: Uint32Array }>;

/** A parity file as far as it can be used. `isKnown` tells which checksums are; `faults` say what is wrong with the file, empty when it is exactly as written. */
export type ParityFile = Readonly<{
  shape: ParityShape; sums: Uint32Array; isKnown: (block: number) => boolean;
  /** Copies parity block `index` to `target`; false when the file has no such bytes. */
  copyParity: (index: number, target: Uint8Array) => boolean;
  faults: readonly string[];
}>;

/** Places in a parity file, in bytes. */
type Places = Readonly<{ parity: number; secondTable: number; secondHeader: number; total: number }>;

function placesOf(shape: ParityShape): Places {
  const sums = shape.blocks + shape.parityBlocks;
  const tableBytes = (sums + Math.ceil(sums / SUMS_PER_PAGE)) * SUM_BYTES;
  const parity = alignUp(PARITY_HEADER_BYTES + tableBytes, PARITY_BLOCK_BYTES);
  const secondTable = parity + shape.parityBlocks * PARITY_BLOCK_BYTES;
  return { parity, secondTable, secondHeader: secondTable + tableBytes, total: secondTable + tableBytes + PARITY_HEADER_BYTES };
}

/** Bytes of the parity file of a pack of that shape. */
export const parityFileBytesOf = (shape: ParityShape): number => placesOf(shape).total;

/** Longest parity file a reader takes into memory; a damaged directory entry may claim anything. */
export const parityFileBytesMax = imageBytesMax;

/** The bytes of a parity file; `parityBytes` are all parity blocks, shard after shard. */
export function encodeParityFile(table: ParityTable, parityBytes: Uint8Array): Uint8Array {
  const places = placesOf(table.shape);
  const bytes = new Uint8Array(places.total);
  const header = encodeHeader(table);
  bytes.set(header, 0);
  bytes.set(header, places.secondHeader);
  writeTable(bytes, PARITY_HEADER_BYTES, table);
  writeTable(bytes, places.secondTable, table);
  bytes.set(parityBytes, places.parity);
  return bytes;
}

function encodeHeader({ packId, shape }: ParityTable): Uint8Array {
  const bytes = new Uint8Array(PARITY_HEADER_BYTES);
  const view = viewOf(bytes);
  putAscii(bytes, 0, MAGIC);
  view.setUint16(8, MAJOR, true);
  view.setUint32(12, PARITY_BLOCK_BYTES, true);
  writeHex(packId, bytes, 16);
  putUint64(view, 32, shape.fileLengthBytes);
  view.setUint16(40, shape.dataShards, true);
  view.setUint16(42, shape.parityShards, true);
  view.setUint32(44, shape.shardBlocks, true);
  sealWithCrc(bytes, PARITY_HEADER_BYTES - 4);
  return bytes;
}

/** Each page's checksum continues that of the pack's id and the page's number, so that a page in the wrong place does not count. */
function writeTable(bytes: Uint8Array, start: number, { packId, sums }: ParityTable): void {
  const view = viewOf(bytes);
  for (const page of pagesOf(sums.length)) {
    const at = start + page.offsetBytes;
    for (let index = 0; index < page.count; index += 1) view.setUint32(at + index * SUM_BYTES, sums[page.first + index] ?? 0, true);
    const end = at + page.count * SUM_BYTES;
    view.setUint32(end, crc32(bytes.subarray(at, end), pageSeed(packId, page.first)), true);
  }
}

type Page = Readonly<{ first: number; count: number; offsetBytes: number }>;

function* pagesOf(sums: number): Generator<Page> {
  for (let first = 0; first < sums; first += SUMS_PER_PAGE) {
    yield { first, count: Math.min(SUMS_PER_PAGE, sums - first), offsetBytes: (first / SUMS_PER_PAGE) * PARITY_BLOCK_BYTES };
  }
}

function pageSeed(packId: PackId, first: number): number {
  const seed = new Uint8Array(20);
  seed.set(hexToBytes(packId));
  viewOf(seed).setUint32(16, first, true);
  return crc32(seed);
}

/**
 * Decodes a parity file, taking from each copy what verifies. Invalid only when neither header does.
 * @param bytes the whole file; places the medium did not give are zeros.
 */
export function decodeParityFile(bytes: Uint8Array, packId: PackId): ParityFile | Invalid {
  const faults: string[] = [];
  const shape = readShape(bytes, packId, faults);
  if (isInvalid(shape)) return shape;
  const places = placesOf(shape);
  if (bytes.length !== places.total) faults.push('length of the file');
  const sums = new Uint32Array(shape.blocks + shape.parityBlocks);
  const known = new Uint8Array(Math.ceil(sums.length / SUMS_PER_PAGE));
  for (const [name, start] of [['first table', PARITY_HEADER_BYTES], ['second table', places.secondTable]] as const) {
    for (const page of pagesOf(sums.length)) {
      if (readPage(bytes, { page, at: start + page.offsetBytes, packId }, sums)) known[page.first / SUMS_PER_PAGE] = 1;
      else faults.push(name);
    }
  }
  if (!isZero(bytes, PARITY_HEADER_BYTES + places.secondHeader - places.secondTable, places.parity)) faults.push('padding');
  const isKnown = (block: number): boolean => known[Math.floor(block / SUMS_PER_PAGE)] === 1;
  const copyParity = (index: number, target: Uint8Array): boolean => {
    const at = places.parity + index * PARITY_BLOCK_BYTES;
    if (at + PARITY_BLOCK_BYTES > bytes.length) return false;
    target.set(bytes.subarray(at, at + PARITY_BLOCK_BYTES));
    return true;
  };
  return { shape, sums, isKnown, copyParity, faults };
}

function readPage(bytes: Uint8Array, { page, at, packId }: Readonly<{ page: Page; at: number; packId: PackId }>, sums: Uint32Array): boolean {
  const end = at + page.count * SUM_BYTES;
  if (end + SUM_BYTES > bytes.length) return false;
  const view = viewOf(bytes);
  if (view.getUint32(end, true) !== crc32(bytes.subarray(at, end), pageSeed(packId, page.first))) return false;
  for (let index = 0; index < page.count; index += 1) sums[page.first + index] = view.getUint32(at + index * SUM_BYTES, true);
  return true;
}

function readShape(bytes: Uint8Array, packId: PackId, faults: string[]): ParityShape | Invalid {
  const first = decodeHeader(bytes.subarray(0, PARITY_HEADER_BYTES), packId);
  const second = decodeHeader(bytes.subarray(Math.max(0, bytes.length - PARITY_HEADER_BYTES)), packId);
  if (isInvalid(first)) faults.push(`first header: ${first.invalid}`);
  if (isInvalid(second)) faults.push(`second header: ${second.invalid}`);
  return isInvalid(first) ? second : first;
}

function decodeHeader(bytes: Uint8Array, packId: PackId): ParityShape | Invalid {
  if (bytes.length < PARITY_HEADER_BYTES || !hasAscii(bytes, 0, MAGIC)) return { invalid: 'parity magic' };
  if (!crcHolds(bytes, PARITY_HEADER_BYTES - 4)) return { invalid: 'parity header checksum' };
  const view = viewOf(bytes);
  if (view.getUint16(8, true) !== MAJOR || view.getUint32(12, true) !== PARITY_BLOCK_BYTES || view.getUint16(10, true) !== 0 || !isZero(bytes, 48, PARITY_HEADER_BYTES - 4)) {
    return { invalid: 'parity version' };
  }
  if (bytesToHex(bytes, 16, 32) !== packId) return { invalid: 'parity of another pack' };
  const fileLengthBytes = getUint64(view, 32);
  if (!(fileLengthBytes > 0 && fileLengthBytes <= imageBytesMax)) return { invalid: 'parity pack length' };
  const blocks = Math.ceil(fileLengthBytes / PARITY_BLOCK_BYTES);
  const [dataShards, parityShards, shardBlocks] = [view.getUint16(40, true), view.getUint16(42, true), view.getUint32(44, true)];
  const fits = shardBlocks > 0 && parityShards > 0 && dataShards === Math.ceil(blocks / shardBlocks) && dataShards + parityShards <= SHARDS_MAX;
  return fits ? { fileLengthBytes, blocks, dataShards, parityShards, shardBlocks, parityBlocks: parityShards * shardBlocks } : { invalid: 'parity shape' };
}
