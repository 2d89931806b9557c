import { Module, type DynamicModule } from '@nestjs/common';
import { ComputersController } from './computers.controller.js';
import { FleetView } from './fleet-view.js';

@Module({})
class RestorePointsModule {}

/** Machines and their restore points. */
export function restorePointsModule(platform: DynamicModule, parts: Readonly<{ connections: DynamicModule; retention: DynamicModule }>): DynamicModule {
  return { module: RestorePointsModule, imports: [platform, parts.connections, parts.retention], controllers: [ComputersController], providers: [FleetView], exports: [FleetView] };
}
