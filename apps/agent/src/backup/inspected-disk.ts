import type { BlockReader } from '@lifeboat/block-device';
import type { Snapshot } from '@lifeboat/change-tracking';
import type { UsedExtents } from '@lifeboat/filesystems';
import type { DiskFacts, DiskLayout, Extent, VolumeManifest } from '@lifeboat/model';

/** A mounted filesystem and the bytes of the disk it concerns. */
export type MountFact = Readonly<{ mountPoint: string; readWrite: boolean; extent: Extent }>;

/** A partition, or a disk without a table, with what its filesystem says. */
export type InspectedVolume = Readonly<{
  volumeId: string; role: Exclude<VolumeManifest['role'], 'outside-partitions'>; partitionNumber: number | null; contents: UsedExtents;
}> & Extent;

/** A disk as it was found when the run began; reader and snapshot belong to whoever inspected. */
export type InspectedDisk = Readonly<{
  facts: DiskFacts; layout: DiskLayout;
  /** Empty when a snapshot is read instead of the disk. */
  mounts: readonly MountFact[];
  volumes: readonly InspectedVolume[]; reader: BlockReader;
  /** What is read instead of a disk that is mounted for writing. */
  snapshot: Snapshot | null;
}>;
