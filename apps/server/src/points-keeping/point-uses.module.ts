import { Module, type DynamicModule } from '@nestjs/common';
import { PointUses } from './point-uses.js';

@Module({})
class PointUsesModule {}

/** Who relies on which restore point right now. */
export function pointUsesModule(platform: DynamicModule): DynamicModule {
  return { module: PointUsesModule, imports: [platform], providers: [PointUses], exports: [PointUses] };
}
