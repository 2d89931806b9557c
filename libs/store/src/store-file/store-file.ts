import { bytesToHex, writeHex, type StoreId } from '@lifeboat/model';
import { crcHolds, getUint64, hasAscii, isZero, putAscii, putUint64, sealWithCrc, viewOf, type Invalid } from '../binary/binary.js';

/** Byte-exact description: docs/formats/store-file.md. */
export const STORE_FILE_BYTES = 512;
export const storeFileNames = ['STORE.a', 'STORE.b', 'STORE.c'] as const;
const MAGIC = 'LBSTORE\n';
const DIGEST_BLAKE3_256 = 1;
/** Ledger, points and meta packs have twins; a program that does not keep them must not write. */
export const FEATURE_MIRRORED = 1;
/** Version and features this program writes. A higher major, or a feature bit it does not know, is refused. */
export const storeFormat = { major: 1, minor: 1, readFeatures: 0, writeFeatures: FEATURE_MIRRORED, repairFeatures: 0 } as const;

/** What the STORE file says: identity, format and mandatory features. Bits stand for features a program must know to read, write or repair. */
export type StoreFileContent = Readonly<{
  storeId: StoreId; major: number; minor: number; createdAtMs: number; readFeatures: number; writeFeatures: number; repairFeatures: number;
}>;

/** The 512 bytes of a STORE copy. */
export function encodeStoreFile(content: StoreFileContent): Uint8Array {
  const bytes = new Uint8Array(STORE_FILE_BYTES);
  const view = viewOf(bytes);
  putAscii(bytes, 0, MAGIC);
  view.setUint16(8, content.major, true);
  view.setUint16(10, content.minor, true);
  view.setUint32(12, STORE_FILE_BYTES, true);
  writeHex(content.storeId, bytes, 16);
  putUint64(view, 32, content.createdAtMs);
  putUint64(view, 40, content.readFeatures);
  putUint64(view, 48, content.writeFeatures);
  putUint64(view, 56, content.repairFeatures);
  view.setUint8(64, DIGEST_BLAKE3_256);
  sealWithCrc(bytes, STORE_FILE_BYTES - 4);
  return bytes;
}

/** Decodes one copy. A newer format decodes as far as this version can tell; the caller decides whether it may be used. */
export function decodeStoreFile(bytes: Uint8Array): StoreFileContent | Invalid {
  if (bytes.length !== STORE_FILE_BYTES) return { invalid: 'length' };
  if (!hasAscii(bytes, 0, MAGIC)) return { invalid: 'magic' };
  if (!crcHolds(bytes, STORE_FILE_BYTES - 4)) return { invalid: 'checksum' };
  const view = viewOf(bytes);
  const content: StoreFileContent = {
    storeId: bytesToHex(bytes, 16, 32) as StoreId, major: view.getUint16(8, true), minor: view.getUint16(10, true), createdAtMs: getUint64(view, 32),
    readFeatures: getUint64(view, 40), writeFeatures: getUint64(view, 48), repairFeatures: getUint64(view, 56),
  };
  const reservedMean = view.getUint32(12, true) !== STORE_FILE_BYTES || view.getUint8(64) !== DIGEST_BLAKE3_256 || !isZero(bytes, 65, STORE_FILE_BYTES - 4);
  if (Number.isNaN(content.createdAtMs + content.readFeatures + content.writeFeatures + content.repairFeatures)) return { invalid: 'numbers' };
  // Reserved bytes get a meaning only with a feature bit or a major version; otherwise the copy is wrong despite its checksum.
  if (reservedMean && isKnownFormat(content)) return { invalid: 'reserved bytes' };
  return content;
}

/** Tells whether this program may open a store of that format; only to read it, features that concern writing and repair do not matter. */
export function isKnownFormat(content: StoreFileContent, readOnly = false): boolean {
  if (content.major > storeFormat.major || content.readFeatures !== 0) return false;
  return readOnly || ((content.writeFeatures === 0 || content.writeFeatures === FEATURE_MIRRORED) && content.repairFeatures === 0);
}

/** Tells whether everything of the store that has a twin in this format already has one. */
export function isMirrored(content: StoreFileContent): boolean {
  return content.writeFeatures === FEATURE_MIRRORED;
}
