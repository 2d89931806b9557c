import { Module, type DynamicModule } from '@nestjs/common';
import { DataPlane } from './data-plane.js';
import { Tickets } from './tickets.js';
import { Transfers } from './transfers.js';

@Module({})
class DataPlaneModule {}

/** Bulk bytes in both directions. */
export function dataPlaneModule(platform: DynamicModule, parts: Readonly<{ jobs: DynamicModule; store: DynamicModule; pointUses: DynamicModule }>): DynamicModule {
  return { module: DataPlaneModule, imports: [platform, parts.jobs, parts.store, parts.pointUses], providers: [DataPlane, Tickets, Transfers], exports: [DataPlane, Tickets] };
}
