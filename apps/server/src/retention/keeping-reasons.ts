import { Inject, Injectable } from '@nestjs/common';
import type { PointRecord } from '@lifeboat/catalog';
import { isLifeboatError, type RestorePointId } from '@lifeboat/model';
import type { Keeping } from '../restore-points/point-views.js';
import { RetentionPlans, type MadePlan } from './retention-plans.js';
import { StoreUsageService } from './store-usage.service.js';

/** Says of points why they stay and which go next, from the plan that retention would carry out now. */
@Injectable()
export class KeepingReasons {
  constructor(
    @Inject(RetentionPlans) private readonly plans: RetentionPlans,
    @Inject(StoreUsageService) private readonly usage: StoreUsageService,
  ) {}

  /** What retention says of each of these points. When it refuses to plan, everything stays, and that is the reason. */
  async of(points: readonly PointRecord[]): Promise<(point: PointRecord) => Keeping> {
    await this.usage.freshForView();
    const reasons = await this.reasonsOf(points);
    return (point) => ({ ...(reasons.get(point.pointId) ?? nothingKnown), uniqueBytes: this.usage.uniqueBytesOf(point.machineId, point.pointId) });
  }

  private async reasonsOf(points: readonly PointRecord[]): Promise<ReadonlyMap<RestorePointId, Reasons>> {
    try {
      return reasonsIn(await this.plans.recent());
    } catch (error) {
      if (!isLifeboatError(error)) throw error;
      const rests: Reasons = { kept: [{ code: error.code, text: `retention rests: ${error.message}` }], goes: null };
      return new Map(points.map(({ pointId }) => [pointId, rests]));
    }
  }
}

type Reasons = Omit<Keeping, 'uniqueBytes'>;
const nothingKnown: Reasons = { kept: [], goes: null };

function reasonsIn({ plan }: MadePlan): Map<RestorePointId, Reasons> {
  const reasons = new Map<RestorePointId, Reasons>();
  for (const { pointId, reasons: kept } of plan.keep) reasons.set(pointId, { kept, goes: null });
  for (const { pointId, reason } of [...plan.prune, ...plan.purge]) reasons.set(pointId, { kept: [], goes: reason });
  for (const { pointId } of plan.condemned) reasons.set(pointId, { kept: [{ code: 'DELETED', text: 'deleted; it can still be brought back' }], goes: null });
  return reasons;
}
