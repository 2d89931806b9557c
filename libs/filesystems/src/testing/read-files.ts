import { readSync } from 'node:fs';
import type { MappedFile } from '../files/mapped-file.js';
import { fileExtents } from '../files/open-filesystem.js';
import { whileOpen } from './image-file.js';

/** All files of an image. */
export const filesOf = (path: string): Promise<MappedFile[]> =>
  whileOpen(path, async (reader) => {
    const files: MappedFile[] = [];
    for await (const file of fileExtents(reader)) files.push(file);
    return files;
  });

/** The content of a file by its extents, read from the open image: holes and what was never written are zeros. */
export function contentOf(file: MappedFile, source: number): Buffer {
  const content = Buffer.alloc(file.sizeBytes);
  for (const extent of file.extents.filter((one) => one.written && one.fileOffsetBytes < file.sizeBytes)) {
    readSync(source, content, extent.fileOffsetBytes, Math.min(extent.lengthBytes, file.sizeBytes - extent.fileOffsetBytes), extent.offsetBytes);
  }
  return content;
}
