import { closeSync, openSync, readSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import type { Extent } from '@lifeboat/model';
import { type BlockReader, openBlockReader } from '@lifeboat/block-device';
import { MemoryBlockDevice } from '@lifeboat/block-device/testing';
import { readUsedExtents } from '../read-used-extents.js';
import type { ReadOptions, UsedExtents } from '../used-extents.js';

/** An empty sparse file of the given size, instead of what was there. */
export function sparseFile(path: string, sizeBytes: number): string {
  rmSync(path, { force: true });
  writeFileSync(path, '');
  truncateSync(path, sizeBytes);
  return path;
}

/** Opens the image while `work` runs. */
export async function whileOpen<T>(path: string, work: (reader: BlockReader) => Promise<T>): Promise<T> {
  const reader = await openBlockReader(path);
  try {
    return await work(reader);
  } finally {
    await reader.close();
  }
}

/** What our reader says of an image. */
export const usedOf = (path: string, options: ReadOptions = {}): Promise<UsedExtents> => whileOpen(path, (reader) => readUsedExtents(reader, options));

/** A new sparse file that holds the listed bytes of `from` and nothing else. */
export function copyUsed(from: string, to: string, used: readonly Extent[]): void {
  rmSync(to, { force: true });
  const [source, target] = [openSync(from, 'r'), openSync(to, 'w')];
  const buffer = Buffer.alloc(1024 * 1024);
  const zeros = Buffer.alloc(buffer.length);
  for (const extent of used) {
    for (let done = 0; done < extent.lengthBytes; done += buffer.length) {
      const piece = buffer.subarray(0, Math.min(buffer.length, extent.lengthBytes - done));
      readSync(source, piece, 0, piece.length, extent.offsetBytes + done);
      if (!piece.equals(zeros.subarray(0, piece.length))) writeSync(target, piece, 0, piece.length, extent.offsetBytes + done);
    }
  }
  closeSync(source);
  closeSync(target);
  truncateSync(to, statSync(from).size);
}

/** Bytes of an image. */
export function bytesOf(path: string, offsetBytes: number, lengthBytes: number): Buffer {
  const file = openSync(path, 'r');
  const bytes = Buffer.alloc(lengthBytes);
  readSync(file, bytes, 0, lengthBytes, offsetBytes);
  closeSync(file);
  return bytes;
}

/** Overwrites bytes of an image. */
export function patchFile(path: string, offsetBytes: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, offsetBytes);
  closeSync(file);
}

/** A device in memory with the bytes of an image; pages of zeros take no room and no time. */
export function deviceOf(bytes: Buffer): MemoryBlockDevice {
  const device = new MemoryBlockDevice(bytes.length);
  const zeros = Buffer.alloc(4096);
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const page = bytes.subarray(at, at + zeros.length);
    if (!page.equals(zeros.subarray(0, page.length))) device.patch(page, at);
  }
  return device;
}
