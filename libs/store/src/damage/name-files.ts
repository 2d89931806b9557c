import type { Extent, RestorePointManifest } from '@lifeboat/model';
import type { FsckDamage } from '../fsck/fsck-report.js';
import type { DamagedFile, FilePaths } from './file-paths.js';
import { PointVolume, type ContentSource } from './point-volume.js';

/** Each look-up reads a whole tree of files; damage of more volumes than this is left without paths, the newest points first. */
const volumesMax = 200;

/** What the paths of lost ranges are found with. */
export type FileNaming = Readonly<{ filePaths: FilePaths; source: ContentSource; readManifest: (damage: FsckDamage) => Promise<RestorePointManifest> }>;

/** Adds to each lost range of a volume the files it belongs to. Entries without a volume, or beyond the limit, keep null. */
export async function nameFiles(damage: readonly FsckDamage[], naming: FileNaming, signal?: AbortSignal): Promise<FsckDamage[]> {
  const named = [...damage];
  const volumes = [...groupByVolume(damage).values()].sort((a, b) => b.createdAtMs - a.createdAtMs).slice(0, volumesMax);
  for (const { entries } of volumes) {
    signal?.throwIfAborted();
    const [first] = entries;
    const files = first && (await filesOf(first.entry, entries.map(({ entry }) => entry), naming));
    if (!files) continue;
    for (const { entry, index } of entries) named[index] = { ...entry, files: files.filter(({ extent }) => touches(extent, entry)) };
  }
  return named;
}

type Group = { createdAtMs: number; entries: { entry: FsckDamage; index: number }[] };

function groupByVolume(damage: readonly FsckDamage[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const [index, entry] of damage.entries()) {
    if (entry.volumeId === null || entry.lengthBytes === 0) continue;
    const key = `${entry.pointId}/${entry.diskId ?? ''}/${entry.volumeId}`;
    const group = groups.get(key) ?? { createdAtMs: entry.createdAtMs, entries: [] };
    group.entries.push({ entry, index });
    groups.set(key, group);
  }
  return groups;
}

async function filesOf(damaged: FsckDamage, entries: readonly FsckDamage[], { filePaths, source, readManifest }: FileNaming): Promise<readonly DamagedFile[] | undefined> {
  const manifest = await readManifest(damaged);
  const volume = manifest.disks.find((disk) => disk.facts.diskId === damaged.diskId)?.volumes.find(({ volumeId }) => volumeId === damaged.volumeId);
  return volume && filePaths(new PointVolume(manifest, volume, source), entries.map(({ offsetBytes, lengthBytes }) => ({ offsetBytes, lengthBytes })));
}

function touches(a: Extent, b: Extent): boolean {
  return a.offsetBytes < b.offsetBytes + b.lengthBytes && b.offsetBytes < a.offsetBytes + a.lengthBytes;
}
