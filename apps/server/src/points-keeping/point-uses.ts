import { Inject, Injectable } from '@nestjs/common';
import type { Ingest } from '@lifeboat/ingest';
import type { MachineId, RestorePointId } from '@lifeboat/model';
import { INGEST } from '../platform/tokens.js';

/** Knows which restore points somebody relies on right now: restores, drills, exports, and backups that compare with them. Nothing in use is purged. */
@Injectable()
export class PointUses {
  private readonly counts = new Map<RestorePointId, number>();

  constructor(@Inject(INGEST) private readonly ingest: Ingest) {}

  /** Notes a use. @returns what ends it; calling that again does nothing. */
  begin(pointId: RestorePointId): () => void {
    this.counts.set(pointId, (this.counts.get(pointId) ?? 0) + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      const left = (this.counts.get(pointId) ?? 1) - 1;
      if (left > 0) this.counts.set(pointId, left);
      else this.counts.delete(pointId);
    };
  }

  /** Every point in use. */
  all(): ReadonlySet<RestorePointId> {
    const used = new Set(this.counts.keys());
    for (const { state, request } of this.ingest.list()) if (request.basePointId !== null && state !== 'committed' && state !== 'aborted') used.add(request.basePointId);
    return used;
  }

  /** Of one machine's point, as cheaply as it is asked before each purge. */
  isUsed(point: Readonly<{ machineId: MachineId; pointId: RestorePointId }>): boolean {
    return this.all().has(point.pointId);
  }
}
