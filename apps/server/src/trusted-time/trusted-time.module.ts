import { Module, type DynamicModule } from '@nestjs/common';
import { TrustedTime } from './trusted-time.js';

@Module({})
class TrustedTimeModule {}

/** Time that no change of the wall clock moves. */
export function trustedTimeModule(platform: DynamicModule): DynamicModule {
  return { module: TrustedTimeModule, imports: [platform], providers: [TrustedTime], exports: [TrustedTime] };
}
