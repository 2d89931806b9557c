import { Module, type DynamicModule } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { StoreController } from './store.controller.js';
import { StoreSpace } from './store-space.js';

@Module({})
class StoreModule {}

/** What operators see of the store. */
export function storeModule(platform: DynamicModule): DynamicModule {
  return { module: StoreModule, imports: [platform], controllers: [StoreController, HealthController], providers: [StoreSpace], exports: [StoreSpace] };
}
