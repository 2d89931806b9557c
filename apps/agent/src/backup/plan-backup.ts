import { clipExtents, intersectExtents, invertExtents, totalBytes, type Consistency, type DiskLayout, type Extent, type PointState, type VolumeManifest, type Warning } from '@lifeboat/model';
import type { VolumeRefusal } from '../errors/backup-refused.js';
import type { CutPlan } from './capture/cut-spans.js';
import type { InspectedDisk, InspectedVolume, MountFact } from './inspected-disk.js';

/** A volume to be captured. Offsets in `cut` are relative to the volume, `offsetBytes` to its disk. */
export type PlannedVolume = Readonly<{
  diskIndex: number; offsetBytes: number; cut: CutPlan;
  /** `used` is exact where an allocation map was read; else it is what turns out not to be zero. */
  usedIsExact: boolean;
}> &
  Pick<VolumeManifest, 'volumeId' | 'role' | 'partitionNumber' | 'filesystem' | 'label' | 'uuid' | 'cutter' | 'tracker' | 'consistency' | 'state' | 'warnings'>;

/** What a run is going to do, and what stands against it. With refusals nothing is read. */
export type BackupPlan = Readonly<{ volumes: readonly PlannedVolume[]; refusals: readonly VolumeRefusal[] }>;

const takenAnyway: Warning = { code: 'INCONSISTENT_ALLOWED', message: 'taken although it was not at rest; the restore point is suspect' };

/**
 * Decides what of the disks is captured and how. Pure: looks at nothing but its arguments.
 *
 * A filesystem that needs recovery, has errors or is mounted for writing is refused; with `allowInconsistent` it is taken whole, because its
 * allocation map cannot be trusted then, and marked suspect.
 */
export function planBackup(disks: readonly Omit<InspectedDisk, 'reader'>[], options: Readonly<{ allowInconsistent: boolean }>): BackupPlan {
  const volumes: PlannedVolume[] = [];
  const refusals: VolumeRefusal[] = [];
  disks.forEach((disk, diskIndex) => {
    if (disk.layout.table !== 'none') volumes.push(outsideVolume(disk, diskIndex));
    for (const volume of disk.volumes) {
      const mounts = disk.mounts.filter((mount) => intersectExtents([mount.extent], [volume]).length > 0);
      const found = findRefusal(volume, mounts);
      if (found && !options.allowInconsistent) refusals.push(found);
      volumes.push(planVolume(volume, { diskIndex, wasInUse: mounts.length > 0 || disk.snapshot !== null, atRisk: found !== null }));
    }
  });
  return { volumes, refusals };
}

/** The bytes of the disk that belong to no partition: tables, boot code, gaps. Spans the whole disk so that offsets are the disk's. */
function outsideVolume(disk: Omit<InspectedDisk, 'reader'>, diskIndex: number): PlannedVolume {
  return {
    diskIndex, offsetBytes: 0, cut: { lengthBytes: disk.layout.sizeBytes, used: outsidePartitions(disk.layout), edges: 'exact' }, usedIsExact: false,
    volumeId: `${disk.facts.diskId}/outside`, role: 'outside-partitions', partitionNumber: null, filesystem: 'unknown', label: null, uuid: null,
    cutter: 'fixed', tracker: 'full-read', consistency: disk.mounts.some((mount) => mount.readWrite) ? 'crash' : 'offline', state: 'good', warnings: disk.layout.warnings.slice(0, 100),
  };
}

function planVolume(volume: InspectedVolume, at: Readonly<{ diskIndex: number; wasInUse: boolean; atRisk: boolean }>): PlannedVolume {
  const { contents } = volume;
  const whole: Extent[] = [{ offsetBytes: 0, lengthBytes: volume.lengthBytes }];
  const consistency: Consistency = at.atRisk ? 'crash' : at.wasInUse ? 'filesystem' : 'offline';
  const state: PointState = at.atRisk ? 'suspect' : 'good';
  return {
    diskIndex: at.diskIndex, offsetBytes: volume.offsetBytes,
    cut: { lengthBytes: volume.lengthBytes, used: at.atRisk ? whole : clipExtents(contents.used, volume.lengthBytes), edges: 'masked' },
    usedIsExact: !at.atRisk && contents.mode !== 'all-non-zero',
    volumeId: volume.volumeId, role: volume.role, partitionNumber: volume.partitionNumber,
    filesystem: contents.filesystem, label: contents.label, uuid: contents.uuid, cutter: 'fixed', tracker: 'full-read', consistency, state,
    warnings: [...contents.warnings.slice(0, 100), ...(at.atRisk ? [takenAnyway] : [])],
  };
}

function findRefusal(volume: InspectedVolume, mounts: readonly MountFact[]): VolumeRefusal | null {
  const written = mounts.find((mount) => mount.readWrite);
  if (written) {
    return {
      code: 'VOLUME_MOUNTED_READ_WRITE', volumeId: volume.volumeId, message: `a volume is mounted for writing at ${written.mountPoint}`,
      remedy: `Unmount ${written.mountPoint} or remount it read-only, or take it as it is with --allow-inconsistent (the restore point will be suspect).`,
    };
  }
  const { clean, uncleanReason } = volume.contents;
  if (clean) return null;
  return {
    code: uncleanReason?.code ?? 'FS_NOT_CLEANLY_UNMOUNTED', volumeId: volume.volumeId, message: uncleanReason?.message ?? 'a filesystem was not cleanly unmounted',
    remedy: 'Mount and unmount the filesystem or check it (e2fsck), or take it as it is with --allow-inconsistent (the restore point will be suspect).',
  };
}

function outsidePartitions(layout: DiskLayout): Extent[] {
  const partitions = layout.partitions.map((partition) => ({ offsetBytes: partition.offsetBytes, lengthBytes: partition.lengthBytes }));
  return invertExtents(clipExtents(partitions, layout.sizeBytes), layout.sizeBytes);
}

const consistencyOrder: readonly Consistency[] = ['crash', 'filesystem', 'application', 'offline'];

/** The weakest consistency among volumes: a point is no better than its worst part. */
export function weakestConsistency(volumes: readonly Readonly<{ consistency: Consistency }>[]): Consistency {
  return consistencyOrder.find((consistency) => volumes.some((volume) => volume.consistency === consistency)) ?? 'offline';
}

/** Bytes that have to be kept according to the plan. */
export const plannedUsedBytes = (plan: BackupPlan): number => plan.volumes.reduce((sum, volume) => sum + totalBytes(volume.cut.used), 0);
