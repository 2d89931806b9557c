import { Inject, Injectable } from '@nestjs/common';
import { isLifeboatError } from '@lifeboat/model';
import type { PointRef, PrunedPoint } from '@lifeboat/retention';
import type { Store } from '@lifeboat/store';
import type { Logger } from 'pino';
import { ChangeLog } from '../platform/change-log.js';
import { ServerLedger } from '../platform/server-ledger.js';
import { LOGGER, STORE } from '../platform/tokens.js';
import { PointUses } from '../points-keeping/point-uses.js';

/** Why and by whom a point is deleted, and until when that can be undone. */
export type DeletionFacts = Readonly<{ reason: string; by: PrunedPoint['by'] | 'operator'; actor: string; planHash: string | null; purgeAfterMs: number }>;

/** Deletes points, ledger first. Whether they may go was decided before; every step may be repeated after a crash. */
@Injectable()
export class PointDeletions {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(PointUses) private readonly uses: PointUses,
    @Inject(ChangeLog) private readonly changes: ChangeLog,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Hides points as deleted; they can be brought back until they are purged. In order; a signal stops between two of them. */
  async condemn(points: readonly (PointRef & DeletionFacts)[], signal?: AbortSignal): Promise<void> {
    try {
      for (const { machineId, pointId, reason, by, actor, planHash, purgeAfterMs } of points) {
        signal?.throwIfAborted();
        await this.store.appendLedger({ type: 'point.condemned', machineId, pointId, reason, by, actor, planHash, purgeAfterMs });
        this.log.info({ machineId, pointId, by, reason, planHash }, 'restore point deleted; it can be brought back for a while');
        this.changes.pointsChanged(machineId);
      }
    } finally {
      await this.ledger.follow();
    }
  }

  /** Takes condemned points out of the store for good. One that somebody has begun to read meanwhile, or that is gone already, is passed over. @returns how many went. */
  async purge(points: readonly PointRef[], signal?: AbortSignal): Promise<number> {
    let purged = 0;
    try {
      for (const { machineId, pointId } of points) {
        signal?.throwIfAborted();
        if (this.uses.isUsed({ machineId, pointId })) continue;
        if (!(await this.purgeOne({ machineId, pointId }))) continue;
        purged += 1;
        this.log.info({ machineId, pointId }, 'restore point purged');
        this.changes.pointsChanged(machineId);
      }
    } finally {
      await this.ledger.follow();
    }
    return purged;
  }

  private async purgeOne({ machineId, pointId }: PointRef): Promise<boolean> {
    try {
      await this.store.purgePoint(machineId, pointId);
      return true;
    } catch (error) {
      // The record of an earlier purge was not projected yet.
      if (isLifeboatError(error) && error.code === 'POINT_MISSING') return false;
      throw error;
    }
  }
}
