import { bytesToHex, writeHex, type Digest, type PackId } from '@lifeboat/model';
import { crcHolds, getUint64, hasAscii, isZero, putAscii, putUint64, sealWithCrc, viewOf, type Invalid } from '../binary/binary.js';

/** Byte-exact description: docs/formats/wants.md. */
const MAGIC = 'LBWANTS\n';
const MAJOR = 1;
const HEADER_BYTES = 32;
const ENTRY_BYTES = 64;
const CRC_BYTES = 4;
/** Wants a list may hold. */
export const wantsMax = 1_000_000;
/** Bytes of the longest list. */
export const wantsBytesMax = HEADER_BYTES + wantsMax * ENTRY_BYTES + CRC_BYTES;

/** A chunk or page that cannot be read any more; `packId` and `recordOffset` are where it was, `lengthBytes` its length when expanded. */
export type Want = Readonly<{ digest: Digest; lengthBytes: number; packId: PackId; recordOffset: number }>;

/** A list as it is written; of two copies the one with the greater generation counts. */
export type WantsList = Readonly<{ generation: number; wants: readonly Want[] }>;

/** The bytes of a list. */
export function encodeWants({ generation, wants }: WantsList): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + wants.length * ENTRY_BYTES + CRC_BYTES);
  const view = viewOf(bytes);
  putAscii(bytes, 0, MAGIC);
  view.setUint16(8, MAJOR, true);
  view.setUint32(12, wants.length, true);
  putUint64(view, 16, generation);
  wants.forEach((want, index) => {
    const at = HEADER_BYTES + index * ENTRY_BYTES;
    writeHex(want.digest, bytes, at);
    writeHex(want.packId, bytes, at + 32);
    putUint64(view, at + 48, want.recordOffset);
    view.setUint32(at + 56, want.lengthBytes, true);
  });
  sealWithCrc(bytes, bytes.length - CRC_BYTES);
  return bytes;
}

/** Decodes a list and checks all of it. */
export function decodeWants(bytes: Uint8Array): WantsList | Invalid {
  if (bytes.length < HEADER_BYTES + CRC_BYTES || !hasAscii(bytes, 0, MAGIC)) return { invalid: 'wants magic' };
  const view = viewOf(bytes);
  const count = view.getUint32(12, true);
  if (count > wantsMax || bytes.length !== HEADER_BYTES + count * ENTRY_BYTES + CRC_BYTES) return { invalid: 'wants length' };
  if (!crcHolds(bytes, bytes.length - CRC_BYTES)) return { invalid: 'wants checksum' };
  const generation = getUint64(view, 16);
  if (view.getUint16(8, true) !== MAJOR || view.getUint16(10, true) !== 0 || !isZero(bytes, 24, HEADER_BYTES) || Number.isNaN(generation)) return { invalid: 'wants version' };
  const wants: Want[] = [];
  for (let at = HEADER_BYTES; at < bytes.length - CRC_BYTES; at += ENTRY_BYTES) {
    const want = {
      digest: bytesToHex(bytes, at, at + 32) as Digest, packId: bytesToHex(bytes, at + 32, at + 48) as PackId, recordOffset: getUint64(view, at + 48), lengthBytes: view.getUint32(at + 56, true),
    };
    if (Number.isNaN(want.recordOffset) || view.getUint32(at + 60, true) !== 0) return { invalid: 'wants entry' };
    wants.push(want);
  }
  return { generation, wants };
}
