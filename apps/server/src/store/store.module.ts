import { Module, type DynamicModule } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { StoreSpace } from './store-space.js';

@Module({})
class StoreModule {}

/** Room in the store. What operators see of it is with retention. */
export function storeModule(platform: DynamicModule, jobs: DynamicModule): DynamicModule {
  return { module: StoreModule, imports: [platform, jobs], controllers: [HealthController], providers: [StoreSpace], exports: [StoreSpace] };
}
