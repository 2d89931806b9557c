/** A run of clusters of an attribute; `cluster` is null for a hole. `vcn` counts clusters from the start of the attribute. */
export type NtfsRun = Readonly<{ vcn: number; cluster: number | null; count: number }>;

/**
 * Decodes the mapping pairs of an attribute.
 *
 * @param pairs from the first byte of the pairs to the end of the attribute.
 * @returns the runs up to the first that makes no sense, and whether there was one. All lie inside [0, clusterCount).
 * @see Linux, fs/ntfs3/run.c, `run_unpack`.
 */
export function decodeRuns(pairs: Buffer, lowestVcn: number, clusterCount: number): { runs: NtfsRun[]; damaged: boolean } {
  const runs: NtfsRun[] = [];
  let at = 0;
  let vcn = lowestVcn;
  let cluster = 0;
  for (let header = pairs[at] ?? 0; header !== 0; header = pairs[at] ?? 0) {
    const [countBytes, deltaBytes] = [header & 0x0f, header >> 4];
    const next = at + 1 + countBytes + deltaBytes;
    // Six bytes hold 256 Ti clusters; nothing real needs more, and numbers stay exact.
    if (countBytes < 1 || countBytes > 6 || deltaBytes > 6 || next > pairs.length) return { runs, damaged: true };
    const count = pairs.readUIntLE(at + 1, countBytes);
    if (count === 0 || !Number.isSafeInteger(vcn + count)) return { runs, damaged: true };
    if (deltaBytes === 0) {
      runs.push({ vcn, cluster: null, count });
    } else {
      cluster += pairs.readIntLE(at + 1 + countBytes, deltaBytes);
      if (cluster < 0 || cluster + count > clusterCount) return { runs, damaged: true };
      runs.push({ vcn, cluster, count });
    }
    vcn += count;
    at = next;
  }
  return { runs, damaged: false };
}
