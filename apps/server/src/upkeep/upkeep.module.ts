import { Module, type DynamicModule } from '@nestjs/common';
import { DamageService } from './damage.service.js';
import { GarbageCollectionService } from './garbage-collection.service.js';
import { ScrubService } from './scrub.service.js';
import { UpkeepController } from './upkeep.controller.js';
import { UpkeepSchedule } from './upkeep-schedule.js';

@Module({})
class UpkeepModule {}

/** Garbage collection, scrub, repair and what is known to be lost. */
export function upkeepModule(platform: DynamicModule, trustedTime: DynamicModule): DynamicModule {
  return {
    module: UpkeepModule, imports: [platform, trustedTime], controllers: [UpkeepController], providers: [GarbageCollectionService, ScrubService, DamageService, UpkeepSchedule], exports: [GarbageCollectionService, DamageService],
  };
}
