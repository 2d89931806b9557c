import type { ByteCounters, Consistency, Digest, MachineId, PointState, RestorePointId } from '@lifeboat/model';

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
}>;

/** The committed restore points. */
export interface PointRepository {
  /** Newest first, by ledger sequence. */
  listByMachine(machineId: MachineId): Promise<readonly PointRecord[]>;
  find(machineId: MachineId, pointId: RestorePointId): Promise<PointRecord | undefined>;
  /**
   * Resolves what a person typed.
   *
   * @param version a point's id, a prefix of it that no other point of the machine shares, or `latest`: the newest good point, and only
   *   where there is none the newest suspect, then the newest damaged one.
   * @throws VersionNotFound (VERSION_NOT_FOUND)
   * @throws VersionAmbiguous (VERSION_AMBIGUOUS) `details.pointIds` lists up to ten candidates.
   */
  resolve(machineId: MachineId, version: string): Promise<PointRecord>;
}
