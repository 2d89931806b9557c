import type { TableSector } from '@lifeboat/model';
import type { BlockReader } from '../device/block-reader.js';
import { UnreadableSectors } from '../device/device-errors.js';

/** Bytes of a structure and where they were found. */
export type RawBytes = Readonly<{ offsetBytes: number; bytes: Uint8Array }>;

/** Reads a structure, or returns null when it lies outside the disk or on unreadable sectors. Other failures are thrown. */
export async function readSectors(reader: BlockReader, offsetBytes: number, lengthBytes: number): Promise<RawBytes | null> {
  if (offsetBytes < 0 || offsetBytes + lengthBytes > reader.sizeBytes) return null;
  const bytes = new Uint8Array(lengthBytes);
  try {
    await reader.readFully(bytes, offsetBytes);
  } catch (error) {
    if (error instanceof UnreadableSectors) return null;
    throw error;
  }
  return { offsetBytes, bytes };
}

/** The form in which a layout carries raw bytes. */
export const toTableSector = (raw: RawBytes): TableSector => ({ offsetBytes: raw.offsetBytes, base64: Buffer.from(raw.bytes).toString('base64') });
