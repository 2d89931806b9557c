import { Module, type DynamicModule } from '@nestjs/common';
import { ComputersController } from './computers.controller.js';
import { FleetView } from './fleet-view.js';

@Module({})
class RestorePointsModule {}

/** Machines and their restore points. */
export function restorePointsModule(platform: DynamicModule, connections: DynamicModule): DynamicModule {
  return { module: RestorePointsModule, imports: [platform, connections], controllers: [ComputersController], providers: [FleetView], exports: [FleetView] };
}
