import type { MachineId, MachineTag, PointState, RestorePointId, RetentionPolicy, StoreSettings } from '@lifeboat/model';

/** A point that was deleted softly: hidden, alive until purged. */
export type CondemnedPoint = Readonly<{ condemnedAtMs: number; purgeAfterMs: number }>;

/**
 * Whether a deletion above the caps may go on: `none` was never asked for, `waiting` is asked for, `granted` was approved by a second operator or has waited its 24 hours.
 */
export type DeletionApproval = 'none' | 'waiting' | 'granted';

/** What retention knows of one committed, not purged restore point. Times are milliseconds since 1970, sizes bytes. */
export type RetentionPoint = Readonly<{
  pointId: RestorePointId;
  /** Ledger sequence number of the commit: the order of points, whatever clocks said. Unique within its machine. */
  seq: number;
  createdAtMs: number;
  state: PointState;
  /** Bytes a restore of this point writes. */
  usedBytes: number;
  /** Bytes that its commit added to the store, compressed. */
  storedBytes: number;
  /** Bytes that differed from the point before it, uncompressed. */
  changedBytes: number;
  /** Level of the highest drill it passed; null was never drilled with success. */
  proofLevel: number | null;
  pinnedUntilMs: number | 'forever' | null;
  held: boolean;
  immutableUntilMs: number | null;
  /** A restore, drill, mount or open backup session relies on it right now. */
  inUse: boolean;
  condemned: CondemnedPoint | null;
  approval: DeletionApproval;
  /** The next point has another disk layout. */
  lastBeforeLayoutChange: boolean;
  /** The next point has another operating system release. */
  lastBeforeOsChange: boolean;
  /** Last clean point before an anomaly that nobody has cleared yet. */
  lastBeforeAnomaly: boolean;
  /** `uniqueBytes` are freed when only this point goes. */
  sizes: Readonly<{ uniqueBytes: number }>;
}>;

/** Stored bytes of chunks that only points of one machine use, by the run of its points that use them: freed when every point of the run is gone. Both ends are inclusive. */
export type ExclusiveRun = Readonly<{ firstSeq: number; lastSeq: number; bytes: number }>;

/** One machine and its points. */
export type RetentionMachine = Readonly<{
  machineId: MachineId;
  name: string;
  tags: readonly MachineTag[];
  /** The policy in force; null when it cannot be parsed, which keeps everything. */
  policy: RetentionPolicy | null;
  /** Ascending by `seq`; condemned ones included, purged ones not. */
  points: readonly RetentionPoint[];
  /** Has not been seen for so long that nobody should count on new points of it. */
  silent: boolean;
  /** An anomaly was raised and not yet cleared. */
  anomaly: boolean;
  /** null when unknown: gains are then counted by `uniqueBytes`, which never says too much. */
  exclusive: readonly ExclusiveRun[] | null;
}>;

/** Room in the store now. Sizes are bytes; a quota counts as the size. */
export type StoreSpace = Readonly<{
  sizeBytes: number;
  /** Size at the last run of retention, null before the first: a store that became smaller is asked about before anything is deleted. */
  previousSizeBytes: number | null;
  quotaBytes: number | null;
  /** What may still be written, the reserve file included. Below 0 when more is stored than the quota allows. */
  freeBytes: number;
  /** Freed by garbage collection already under way: packs condemned, waiting for their quarantine. */
  reclaimableBytes: number;
  /** What running sessions will still write. */
  reservedBytes: number;
  /** What must stay free for garbage collection and the ledger. */
  reserveBytes: number;
  /** 0 when the filesystem has no fixed number of inodes. */
  inodesTotal: number;
  inodesFree: number;
  /** Inodes that running sessions will still take. */
  reservedInodes: number;
}>;

/** How tight room is. */
export type Pressure = 'green' | 'yellow' | 'orange' | 'red';

/** A deletion that was carried out without approval; counts into the caps of its day. */
export type PastDeletion = Readonly<{ machineId: MachineId; atMs: number }>;

/**
 * What the wall clock says beside the trusted time that is given as `now`, as the trusted clock reads it: whether the wall clock jumped, and by how much trusted time is behind because the server was off
 * for longer than it can prove.
 */
export type ClockReading = Readonly<{ wallMs: number; jumped: boolean; uncreditedMs: number }>;

/** Everything retention decides from. */
export type RetentionState = Readonly<{
  /** Sequence number of the last ledger record that this state contains. */
  stateVersion: number;
  /** `settings.timeZone` is where days, weeks, months and years begin. */
  settings: StoreSettings;
  space: StoreSpace;
  /** Pressure after the last run; relief that began goes on until the store is green again. null is none known. */
  pressureBefore: Pressure | null;
  clock: ClockReading;
  machines: readonly RetentionMachine[];
  /** Of the last 24 hours at least. */
  pastDeletions: readonly PastDeletion[];
}>;
