import { Module, type DynamicModule } from '@nestjs/common';
import { JobBoard } from './job-board.js';

@Module({})
class JobsModule {}

/** The jobs people see. */
export function jobsModule(platform: DynamicModule): DynamicModule {
  return { module: JobsModule, imports: [platform], providers: [JobBoard], exports: [JobBoard] };
}
