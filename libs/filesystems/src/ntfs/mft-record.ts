/** The update sequence protects stretches of this many bytes, whatever the sector size. @see ntfs-3g, libntfs-3g/mst.c. */
const STRIDE_BYTES = 512;
const RECORD_IN_USE = 0x1;
const RECORD_DIRECTORY = 0x2;
const END_OF_ATTRIBUTES = 0xffff_ffff;
const RESIDENT_HEADER_BYTES = 0x18;
const NON_RESIDENT_HEADER_BYTES = 0x40;

export const ATTRIBUTE = { list: 0x20, fileName: 0x30, volumeName: 0x60, volumeInformation: 0x70, data: 0x80, indexRoot: 0x90, indexAllocation: 0xa0 } as const;

/** An attribute of a file record: its value when `resident`, else its place by mapping pairs. */
export type NtfsAttribute = Readonly<{ type: number; name: string }> &
  (Readonly<{ resident: Buffer }> | Readonly<{ resident: null; lowestVcn: number; dataBytes: number; initialisedBytes: number; sparseOrCompressed: boolean; pairs: Buffer }>);

/** A file record. `base` is the record it extends, 0 when it stands for itself. */
export type MftRecord = Readonly<{ number: number; inUse: boolean; isDirectory: boolean; sequence: number; base: number; attributes: readonly NtfsAttribute[]; bytes: Buffer }>;

/** The number of a record in a reference to it: the low 48 bits. */
export const recordNumberAt = (bytes: Buffer, offset: number): number => bytes.readUIntLE(offset, 6);

/**
 * Puts back the bytes that the update sequence replaced.
 * @returns false when the structure was torn, i.e. written in part, or makes no sense.
 */
export function applyFixups(bytes: Buffer): boolean {
  const [offset, count] = [bytes.readUInt16LE(4), bytes.readUInt16LE(6)];
  if (count !== bytes.length / STRIDE_BYTES + 1 || offset + count * 2 > bytes.length) return false;
  const sequence = bytes.readUInt16LE(offset);
  for (let stride = 1; stride < count; stride += 1) {
    const at = stride * STRIDE_BYTES - 2;
    if (bytes.readUInt16LE(at) !== sequence) return false;
    bytes.writeUInt16LE(bytes.readUInt16LE(offset + stride * 2), at);
  }
  return true;
}

/**
 * Reads a file record.
 * @param bytes the record as it is on disk; changed in place.
 * @returns null when it is damaged or was never written.
 * @see Linux, fs/ntfs3/ntfs.h, `struct MFT_REC` and `struct ATTRIB`.
 */
export function parseMftRecord(bytes: Buffer, number: number): MftRecord | null {
  if (bytes.toString('latin1', 0, 4) !== 'FILE' || !applyFixups(bytes)) return null;
  const attributes = parseAttributes(bytes);
  if (attributes === null) return null;
  const flags = bytes.readUInt16LE(0x16);
  return { number, inUse: (flags & RECORD_IN_USE) !== 0, isDirectory: (flags & RECORD_DIRECTORY) !== 0, sequence: bytes.readUInt16LE(0x10), base: recordNumberAt(bytes, 0x20), attributes, bytes };
}

function parseAttributes(bytes: Buffer): NtfsAttribute[] | null {
  const attributes: NtfsAttribute[] = [];
  const end = Math.min(bytes.readUInt32LE(0x18), bytes.length);
  let at = bytes.readUInt16LE(0x14);
  while (at + 8 <= end) {
    const type = bytes.readUInt32LE(at);
    if (type === END_OF_ATTRIBUTES) return attributes;
    const length = bytes.readUInt32LE(at + 4);
    if (length < RESIDENT_HEADER_BYTES || length % 8 !== 0 || at + length > end) return null;
    const attribute = parseAttribute(bytes.subarray(at, at + length), type);
    if (attribute === null) return null;
    attributes.push(attribute);
    at += length;
  }
  // The end mark is missing.
  return at + 4 <= bytes.length && bytes.readUInt32LE(at) === END_OF_ATTRIBUTES ? attributes : null;
}

function parseAttribute(raw: Buffer, type: number): NtfsAttribute | null {
  const [nameLength, nameOffset] = [raw.readUInt8(9), raw.readUInt16LE(10)];
  if (nameLength > 0 && nameOffset + nameLength * 2 > raw.length) return null;
  const name = nameLength > 0 ? raw.toString('utf16le', nameOffset, nameOffset + nameLength * 2) : '';
  if (raw.readUInt8(8) === 0) {
    const [length, offset] = [raw.readUInt32LE(0x10), raw.readUInt16LE(0x14)];
    return offset + length <= raw.length ? { type, name, resident: raw.subarray(offset, offset + length) } : null;
  }
  if (raw.length < NON_RESIDENT_HEADER_BYTES) return null;
  const [lowestVcn, dataBytes, initialisedBytes] = [Number(raw.readBigUInt64LE(0x10)), Number(raw.readBigUInt64LE(0x30)), Number(raw.readBigUInt64LE(0x38))];
  const pairsOffset = raw.readUInt16LE(0x20);
  if (pairsOffset < NON_RESIDENT_HEADER_BYTES || pairsOffset >= raw.length || !Number.isSafeInteger(lowestVcn)) return null;
  return { type, name, resident: null, lowestVcn, dataBytes, initialisedBytes, sparseOrCompressed: (raw.readUInt16LE(0x0c) & 0x80ff) !== 0, pairs: raw.subarray(pairsOffset) };
}
