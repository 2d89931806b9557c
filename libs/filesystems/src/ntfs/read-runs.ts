import type { NtfsRun } from './run-list.js';

/** Reads bytes of the volume; null when that is not possible. */
type ReadBytes = (offsetBytes: number, lengthBytes: number) => Promise<Buffer | null>;

/** The run that holds cluster `vcn` of an attribute. */
function findRun(runs: readonly NtfsRun[], vcn: number): NtfsRun | undefined {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const run = runs[middle];
    if (run && run.vcn + run.count <= vcn) low = middle + 1;
    else high = middle;
  }
  const found = runs[low];
  return found && found.vcn <= vcn ? found : undefined;
}

/**
 * Bytes of an attribute by its runs; a record or index block that is larger than a cluster may be scattered over several of them.
 * @returns a buffer of its own; null when a part is a hole, not mapped or unreadable.
 */
export async function readRuns(read: ReadBytes, mapped: Readonly<{ runs: readonly NtfsRun[]; clusterBytes: number }>, wanted: Readonly<{ offsetBytes: number; lengthBytes: number }>): Promise<Buffer | null> {
  const { runs, clusterBytes } = mapped;
  const bytes = Buffer.alloc(wanted.lengthBytes);
  for (let done = 0; done < bytes.length; ) {
    const at = wanted.offsetBytes + done;
    const run = findRun(runs, Math.floor(at / clusterBytes));
    if (!run || run.cluster === null) return null;
    const within = at - run.vcn * clusterBytes;
    const piece = await read(run.cluster * clusterBytes + within, Math.min(bytes.length - done, run.count * clusterBytes - within));
    if (piece === null) return null;
    piece.copy(bytes, done);
    done += piece.length;
  }
  return bytes;
}
