/** A picture of a volume at one moment. Whoever took it releases it. */
export interface Snapshot {
  /** Block device with the volume as it was; read-only. */
  readonly path: string;
  /**
   * Asked after the last read: a snapshot that ran out of space has lost its content meanwhile.
   * @throws SnapshotOverflowed (SNAPSHOT_OVERFLOWED): nothing read from it may be kept.
   */
  assertValid(): Promise<void>;
  /** Removes it. @throws SnapshotFailed (SNAPSHOT_FAILED) it is still there. */
  release(): Promise<void>;
}

/** A way to take snapshots of some kind of volume. */
export interface SnapshotProvider {
  readonly name: string;
  /**
   * Takes a snapshot of the volume at `path`, quiesced by the kernel while it is taken.
   *
   * @returns null when this provider does not know such volumes.
   * @throws SnapshotSpaceMissing (SNAPSHOT_NO_SPACE), SnapshotFailed (SNAPSHOT_FAILED).
   */
  take(path: string): Promise<Snapshot | null>;
}
