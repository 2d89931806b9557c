import type { DiskLayout, Partition, Warning } from '@lifeboat/model';

/** What is known of the place a disk is restored to, gathered before anything is opened for writing. */
export type TargetFacts = Readonly<{
  path: string;
  /** `new-image`: nothing there yet, or an empty file. */
  kind: 'new-image' | 'image' | 'device';
  /** What a person types to confirm: the serial of a device (its name when it has none), the file name of an image. */
  identity: string;
  /** False when the path names nothing yet. */
  exists: boolean;
  /** 0 for a new image. */
  sizeBytes: number;
  logicalSectorBytes: number;
  /** Null when there is no readable layout: a new image, or a table that is damaged beyond use. */
  layout: DiskLayout | null;
  /** Who uses the target now, one sentence part each, e.g. `/dev/sdb1 is mounted at /srv`. Empty: nobody. */
  usedBy: readonly string[];
}>;

export type DiskRestoreOptions = Readonly<{
  /** Volume ids to restore; default all of the disk. */
  volumes?: readonly string[];
  /** Leave is given to erase the target and make the source's layout there. */
  recreate: boolean;
  /** An existing image file becomes a plain copy of the source disk, whatever its size was. */
  replaceImage?: boolean;
  /** What the person typed; null: nothing yet. Absent: not asked for, as in a dry run. */
  confirmation?: string | null;
}>;

/**
 * `whole-image` a file that becomes an exact image · `keep-layout` the chosen volumes are written into existing partitions, nothing else is
 * touched · `recreate-layout` everything on the target is lost and the source's layout is made there.
 */
export type RestoreMode = 'whole-image' | 'keep-layout' | 'recreate-layout';

/** A volume to be written: its number on the data plane and its place on the target. */
export type PlannedVolume = Readonly<{
  number: number;
  volumeId: string;
  role: 'outside-partitions' | 'partition' | 'whole-disk';
  diskOffsetBytes: number;
  /** Bytes of the volume that fit the target; less than the volume only for what lies outside partitions. */
  lengthBytes: number;
}>;

/** One line of the plan, with its reason. Offsets are on the target disk. */
export type PlanStep = Readonly<{
  action: 'erase' | 'write' | 'keep' | 'leave-empty' | 'write-table';
  subject: string;
  offsetBytes: number;
  lengthBytes: number;
  reason: string;
}>;

/** Why a plan must not be carried out. `remedy` is one sentence: what to do instead. */
export type PlanRefusal = Readonly<{ code: PlanRefusalCode; reason: string; remedy: string }>;
export type PlanRefusalCode =
  | 'VOLUME_NOT_IN_POINT' | 'TARGET_MOUNTED' | 'TARGET_TOO_SMALL' | 'LAYOUT_DIFFERS' | 'SECTOR_SIZE_DIFFERS' | 'TARGET_SERIAL_MISMATCH' | 'TARGET_NOT_CONFIRMED';

/** A partition that the target holds now and what becomes of it. */
export type PartitionFate = Readonly<{ partition: Partition; fate: 'kept' | 'overwritten' | 'erased' }>;

/** What restoring one disk would do, decided before anything is written. With a `refusal` it is a picture only. */
export type DiskRestorePlan = Readonly<{
  diskId: string;
  mode: RestoreMode;
  target: TargetFacts;
  /** Size of the target once it is restored. */
  targetSizeBytes: number;
  source: DiskLayout;
  volumes: readonly PlannedVolume[];
  /** The partition table has to be computed anew because the target has another size, or one of its copies was damaged. */
  rewriteTable: boolean;
  /** The target's partitions now, in order of offset; empty for a new image. */
  before: readonly PartitionFate[];
  /** Partitions whose content is lost, in order of offset: the list a person must see before confirming. */
  erased: readonly Partition[];
  steps: readonly PlanStep[];
  warnings: readonly Warning[];
  refusal: PlanRefusal | null;
}>;
