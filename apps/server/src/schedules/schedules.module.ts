import { Module, type DynamicModule } from '@nestjs/common';
import { PoliciesController } from './policies.controller.js';
import { PoliciesService } from './policies.service.js';
import { SchedulesService } from './schedules.service.js';

@Module({})
class SchedulesModule {}

/** Backups by policy. */
export function schedulesModule(platform: DynamicModule, parts: Readonly<{ jobs: DynamicModule; backups: DynamicModule }>): DynamicModule {
  return { module: SchedulesModule, imports: [platform, parts.jobs, parts.backups], controllers: [PoliciesController], providers: [SchedulesService, PoliciesService], exports: [SchedulesService] };
}
