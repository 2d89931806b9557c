import { endOf } from '@lifeboat/model';
import type { FileExtent } from './mapped-file.js';

/** Adds an extent, joined to the last one when it follows it in the file and on the volume: maps cut runs wherever their records end. */
export function appendExtent(extents: FileExtent[], next: FileExtent): void {
  const last = extents.at(-1);
  if (last && last.written === next.written && endOf(last) === next.offsetBytes && last.fileOffsetBytes + last.lengthBytes === next.fileOffsetBytes) {
    extents[extents.length - 1] = { ...last, lengthBytes: last.lengthBytes + next.lengthBytes };
  } else {
    extents.push(next);
  }
}
