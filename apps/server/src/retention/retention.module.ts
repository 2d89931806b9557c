import { Module, type DynamicModule } from '@nestjs/common';
import { PointKeepingController } from '../points-keeping/point-keeping.controller.js';
import { PointKeepingService } from '../points-keeping/point-keeping.service.js';
import { StoreController } from '../store/store.controller.js';
import { GarbageCollectionService } from '../upkeep/garbage-collection.service.js';
import { AnomalyBrakeService } from './anomaly-brake.service.js';
import { DeletionRequestsService } from './deletion-requests.service.js';
import { GARBAGE_COLLECTOR } from './garbage-collector.js';
import { KeepingReasons } from './keeping-reasons.js';
import { PointDeletions } from './point-deletions.js';
import { RetentionOverview } from './retention-overview.js';
import { RetentionPlans } from './retention-plans.js';
import { RetentionPoliciesController } from './retention-policies.controller.js';
import { RetentionPoliciesService } from './retention-policies.service.js';
import { RetentionRunsService } from './retention-runs.service.js';
import { RetentionStates } from './retention-states.js';
import { RetentionTriggersService } from './retention-triggers.service.js';
import { RetentionTurns } from './retention-turns.js';
import { RetentionUpkeep } from './retention-upkeep.js';
import { RetentionController } from './retention.controller.js';
import { SpaceHistoryService } from './space-history.service.js';
import { StoreStatusService } from './store-status.js';
import { StoreUsageService } from './store-usage.service.js';

@Module({})
class RetentionModule {}

type Parts = Readonly<Record<'store' | 'jobs' | 'trustedTime' | 'pointUses' | 'upkeep', DynamicModule>>;

/** What stays, what goes, when and why; and what operators decide about it. */
export function retentionModule(platform: DynamicModule, parts: Parts): DynamicModule {
  return {
    module: RetentionModule, imports: [platform, ...Object.values(parts)], controllers: [RetentionController, RetentionPoliciesController, PointKeepingController, StoreController],
    providers: [
      { provide: GARBAGE_COLLECTOR, useExisting: GarbageCollectionService }, AnomalyBrakeService, DeletionRequestsService, KeepingReasons, PointDeletions, PointKeepingService, RetentionOverview, RetentionPlans,
      RetentionPoliciesService, RetentionRunsService, RetentionStates, RetentionTriggersService, RetentionTurns, RetentionUpkeep, SpaceHistoryService, StoreStatusService, StoreUsageService,
    ],
    exports: [KeepingReasons, RetentionTriggersService, RetentionTurns, StoreUsageService],
  };
}
