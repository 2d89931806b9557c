import { Module, type DynamicModule } from '@nestjs/common';
import { RestoresController } from './restores.controller.js';
import { RestoresService } from './restores.service.js';

@Module({})
class RestoresModule {}

/** Reading points back. */
export function restoresModule(platform: DynamicModule, dataPlane: DynamicModule): DynamicModule {
  return { module: RestoresModule, imports: [platform, dataPlane], controllers: [RestoresController], providers: [RestoresService], exports: [RestoresService] };
}
