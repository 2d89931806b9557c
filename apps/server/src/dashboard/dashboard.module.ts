import { Module, type DynamicModule } from '@nestjs/common';
import { AckErrorFilter } from '../http/ack-error.filter.js';
import { DashboardFeed } from './dashboard-feed.js';
import { DashboardGateway } from './dashboard.gateway.js';

@Module({})
class DashboardModule {}

type Parts = Readonly<Record<'access' | 'jobs' | 'restorePoints', DynamicModule>>;

/** Live pages for operators. */
export function dashboardModule(platform: DynamicModule, parts: Parts): DynamicModule {
  return { module: DashboardModule, imports: [platform, parts.access, parts.jobs, parts.restorePoints], providers: [DashboardGateway, DashboardFeed, AckErrorFilter] };
}
