import type { Digest, LedgerRecord, MachineId, RestorePointId } from '@lifeboat/model';

/** What the ledger says of a committed point. */
export type CommittedPoint = Readonly<{ machineId: MachineId; pointId: RestorePointId; manifestDigest: Digest; seq: number; atMs: number }>;

/** The committed points that were not purged, as the ledger tells them; about 300 bytes a point. */
export class CommittedPoints {
  private readonly byKey = new Map<string, CommittedPoint>();

  private purges = 0;

  /** Purges that the ledger tells of. */
  get purgedCount(): number {
    return this.purges;
  }

  /** Takes in a ledger record; all but commits and purges are ignored. */
  add(record: LedgerRecord): void {
    if (record.event.type === 'point.purged') {
      this.byKey.delete(`${record.event.machineId}/${record.event.pointId}`);
      this.purges += 1;
    }
    if (record.event.type !== 'point.committed') return;
    const { machineId, pointId, manifestDigest } = record.event;
    this.byKey.set(`${machineId}/${pointId}`, { machineId, pointId, manifestDigest, seq: record.seq, atMs: record.atMs });
  }

  /** Undefined when no such point was committed. */
  find(machineId: MachineId, pointId: RestorePointId): CommittedPoint | undefined {
    return this.byKey.get(`${machineId}/${pointId}`);
  }

  /** All of them, in the order of their commits. */
  all(): CommittedPoint[] {
    return [...this.byKey.values()];
  }
}
