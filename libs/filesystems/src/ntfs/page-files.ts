import { type Extent, mergeExtents, totalBytes } from '@lifeboat/model';
import { readOrNull } from '../bytes/read-or-null.js';
import type { LeftOutFile } from '../used-extents.js';
import type { AttributeRuns, Mft } from './mft.js';
import { ATTRIBUTE, type MftRecord } from './mft-record.js';
import { findRootFiles } from './root-files.js';
import type { NtfsRun } from './run-list.js';

const HIBERNATION_FILE = 'hiberfil.sys';
const PAGE_FILES = ['pagefile.sys', 'swapfile.sys', HIBERNATION_FILE] as const;
/** How the hibernation file begins while it holds a system; Windows overwrites it with `wake` or zeros when it resumed. */
const HIBERNATED = ['hibr', 'HIBR', 'RSTR'];

/** The files of Windows whose contents mean nothing after a restart. */
export type PageFiles = Readonly<{ hibernated: boolean; files: readonly (LeftOutFile & { extents: readonly Extent[] })[] }>;

/**
 * Finds the page, swap and hibernation files in the root directory.
 *
 * @returns only files whose whole map is known and plain, so that leaving out their blocks cannot touch those of another.
 * @see ntfs-3g, libntfs-3g/volume.c, `ntfs_volume_check_hiberfile`.
 */
export async function findPageFiles(mft: Mft): Promise<PageFiles> {
  const files: (LeftOutFile & { extents: readonly Extent[] })[] = [];
  let hibernated = false;
  for (const [name, record] of await findRootFiles(mft, PAGE_FILES)) {
    const runs = await dataRunsOf(mft, record);
    if (name === HIBERNATION_FILE && runs && (await holdsSystem(mft, runs))) hibernated = true;
    if (!runs?.complete || runs.sparseOrCompressed) continue;
    const extents = extentsOf(runs.runs, mft.geometry.clusterBytes);
    const lengthBytes = totalBytes(extents);
    // Runs that name a cluster twice are damaged.
    const plain = totalBytes(mergeExtents(extents)) === lengthBytes && lengthBytes < runs.dataBytes + 64 * mft.geometry.clusterBytes;
    if (plain) files.push({ path: `/${name}`, lengthBytes, extents: mergeExtents(extents) });
  }
  return { hibernated, files };
}

/** Runs as extents of the volume, holes left out. */
export function extentsOf(runs: readonly NtfsRun[], clusterBytes: number): Extent[] {
  return runs.flatMap(({ cluster, count }) => (cluster === null ? [] : [{ offsetBytes: cluster * clusterBytes, lengthBytes: count * clusterBytes }]));
}

const dataRunsOf = (mft: Mft, record: MftRecord): Promise<AttributeRuns | null> => mft.runsOf(record, ATTRIBUTE.data, '');

async function holdsSystem(mft: Mft, runs: AttributeRuns): Promise<boolean> {
  const first = runs.runs[0];
  if (!first || first.cluster === null || runs.initialisedBytes === 0) return false;
  const start = await readOrNull(mft.volume, first.cluster * mft.geometry.clusterBytes, 512);
  // What cannot be read may be a hibernated system.
  return start === null || HIBERNATED.includes(start.toString('latin1', 0, 4));
}
