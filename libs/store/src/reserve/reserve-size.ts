import { GIB, KIB, MIB } from '@lifeboat/model';

const shareOfSize = 0.02;
const bytesMin = 64 * MIB;
const bytesMax = 4 * GIB;
/** On tiny disks the reserve must not be most of it. */
const shareMax = 1 / 16;
const piecesWanted = 16;
const pieceBytesMin = 64 * KIB;
const pieceBytesMax = 64 * MIB;

/**
 * How large a reserve suits a store that may take `sizeBytes`, which is the disk's size or the quota: 2 %, at least 64 MiB and at most 4 GiB, but never more
 * than a sixteenth of it.
 */
export function reserveBytesFor(sizeBytes: number): number {
  return Math.floor(Math.min(Math.max(bytesMin, Math.min(sizeBytes * shareOfSize, bytesMax)), sizeBytes * shareMax));
}

/** Bytes of one file of the reserve: it is given up file by file. */
export function pieceBytesFor(reserveBytes: number): number {
  return Math.min(pieceBytesMax, Math.max(pieceBytesMin, Math.ceil(reserveBytes / piecesWanted)));
}
