import { Module, type DynamicModule } from '@nestjs/common';
import { EnrolmentService } from './enrolment.service.js';
import { EnrolmentsController } from './enrolments.controller.js';
import { HeldEnrolmentsService } from './held-enrolments.service.js';

@Module({})
class EnrolmentsModule {}

/** How machines come to be known. */
export function enrolmentsModule(platform: DynamicModule, connections: DynamicModule): DynamicModule {
  return { module: EnrolmentsModule, imports: [platform, connections], controllers: [EnrolmentsController], providers: [EnrolmentService, HeldEnrolmentsService] };
}
