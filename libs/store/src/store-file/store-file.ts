import { bytesToHex, writeHex, type StoreId } from '@lifeboat/model';
import { crcHolds, getUint64, hasAscii, isZero, putAscii, putUint64, sealWithCrc, viewOf, type Invalid } from '../binary/binary.js';

/** Byte-exact description: docs/formats/store-file.md. */
export const STORE_FILE_BYTES = 512;
export const storeFileNames = ['STORE.a', 'STORE.b', 'STORE.c'] as const;
const MAGIC = 'LBSTORE\n';
const DIGEST_BLAKE3_256 = 1;
/** Version this program writes. A higher major, or a feature bit it does not know, is refused. */
export const storeFormat = { major: 1, minor: 0 } as const;

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
  const reservedMean = view.getUint8(64) !== DIGEST_BLAKE3_256 || !isZero(bytes, 65, STORE_FILE_BYTES - 4);
  // Reserved bytes get a meaning only with a feature bit or a major version; otherwise the copy is wrong despite its checksum.
  if (reservedMean && isKnownFormat(content)) return { invalid: 'reserved bytes' };
  return content;
}

/** Tells whether this program may open a store of that format. This version knows no feature bits at all. */
export function isKnownFormat(content: StoreFileContent): boolean {
  return content.major <= storeFormat.major && content.readFeatures === 0 && content.writeFeatures === 0 && content.repairFeatures === 0;
}
