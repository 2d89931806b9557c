import type { ByteCounters, Consistency, Digest, MachineId, PointState, Proof, RestorePointId } from '@lifeboat/model';

/** Who decided to keep a point, when and why. */
export type PointKeep = Readonly<{ atMs: number; reason: string; actor: string }>;

/** A deleted point: it can be brought back until it is purged, which may happen from `purgeAfterMs` on. */
export type PointCondemned = Readonly<{ atMs: number; purgeAfterMs: number; by: 'calendar' | 'pressure' | 'damage' | 'operator'; reason: string }>;

/** A restore point as lists show it. */
export type PointRecord = Readonly<{
  pointId: RestorePointId;
  machineId: MachineId;
  createdAtMs: number;
  kind: 'full' | 'incremental';
  consistency: Consistency;
  /** `damaged` also when the point's file could not be read when the ledger was projected; counters are then zero. */
  state: PointState;
  bytes: ByteCounters;
  manifestDigest: Digest;
  basePointId: RestorePointId | null;
  durationMs: number;
  /** Ledger sequence of the commit; orders points. */
  seq: number;
  /** What became known of it after the commit; null when nothing did. */
  mark: Readonly<{ cause: string; reason: string; atMs: number }> | null;
  condemned: PointCondemned | null;
  /** Kept by an operator; `untilMs` null is until unpinned. A pin whose time is over is still here. */
  pinned: (PointKeep & Readonly<{ untilMs: number | null }>) | null;
  /** Kept for a legal reason. */
  held: PointKeep | null;
  immutableUntilMs: number | null;
  /** The highest level a drill of this point passed, and when it last did. */
  proof: Proof | null;
  /** Equal for points with equal partitioning; null where the point could not be read. */
  layoutDigest: string | null;
  /** Platform and main version, e.g. `linux 6.1`; null where the point could not be read. */
  osVersion: string | null;
}>;

/** The committed restore points that were not purged. Deleted ones that can still be brought back are among them, with `condemned` set. */
export interface PointRepository {
  /** Newest first, by ledger sequence. */
  listByMachine(machineId: MachineId): Promise<readonly PointRecord[]>;
  /** Of all machines, oldest first, by ledger sequence. */
  listAll(): Promise<readonly PointRecord[]>;
  find(machineId: MachineId, pointId: RestorePointId): Promise<PointRecord | undefined>;
  /**
   * Resolves what a person typed.
   *
   * @param version a point's id, a prefix of it that no other point of the machine shares, or `latest`: the newest good point that is not deleted, and
   *   only where there is none the newest suspect, then the newest damaged one.
   * @throws VersionNotFound (VERSION_NOT_FOUND)
   * @throws VersionAmbiguous (VERSION_AMBIGUOUS) `details.pointIds` lists up to ten candidates.
   */
  resolve(machineId: MachineId, version: string): Promise<PointRecord>;
}
