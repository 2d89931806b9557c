import type { DiskImage } from '../image/disk-image.js';

/** An image offered under a name. The first export of a server is also the one that clients get who name none. */
export type NbdExport = Readonly<{ name: string; description: string; image: DiskImage }>;

/** The export a client means; the empty name is the default one. */
export function findExport(exports: readonly NbdExport[], name: string): NbdExport | undefined {
  return name === '' ? exports[0] : exports.find((candidate) => candidate.name === name);
}
