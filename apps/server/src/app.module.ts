import { Module, type DynamicModule } from '@nestjs/common';
import { accessModule } from './access/access.module.js';
import { agentsModule } from './agents/agents.module.js';
import { backupsModule } from './backups/backups.module.js';
import { connectionsModule } from './connections/connections.module.js';
import { dashboardModule } from './dashboard/dashboard.module.js';
import { dataPlaneModule } from './data-plane/data-plane.module.js';
import { enrolmentsModule } from './enrolments/enrolments.module.js';
import { jobsModule } from './jobs/jobs.module.js';
import { pointUsesModule } from './points-keeping/point-uses.module.js';
import { platformModule, type Platform } from './platform/platform.module.js';
import { restorePointsModule } from './restore-points/restore-points.module.js';
import { restoresModule } from './restores/restores.module.js';
import { retentionModule } from './retention/retention.module.js';
import { schedulesModule } from './schedules/schedules.module.js';
import { storeModule } from './store/store.module.js';
import { trustedTimeModule } from './trusted-time/trusted-time.module.js';
import { upkeepModule } from './upkeep/upkeep.module.js';

@Module({})
class AppModule {}

/** The whole application on an open platform. The features know each other only as said here. */
export function appModule(opened: Platform): DynamicModule {
  const platform = platformModule(opened);
  const access = accessModule(platform);
  const connections = connectionsModule(platform);
  const jobs = jobsModule(platform);
  const store = storeModule(platform, jobs);
  const pointUses = pointUsesModule(platform);
  const dataPlane = dataPlaneModule(platform, { jobs, store, pointUses });
  const trustedTime = trustedTimeModule(platform);
  const upkeep = upkeepModule(platform, trustedTime);
  const backups = backupsModule(platform, { jobs, connections, dataPlane, upkeep });
  const restores = restoresModule(platform, dataPlane);
  const retention = retentionModule(platform, { store, jobs, pointUses, trustedTime, upkeep });
  const restorePoints = restorePointsModule(platform, { connections, retention });
  const schedules = schedulesModule(platform, { jobs, backups });
  const agents = agentsModule(platform, { connections, backups, restores, schedules });
  const dashboard = dashboardModule(platform, { access, jobs, restorePoints });
  const enrolments = enrolmentsModule(platform, connections);
  return { module: AppModule, imports: [platform, access, connections, jobs, store, dataPlane, backups, restores, upkeep, retention, restorePoints, schedules, agents, dashboard, enrolments] };
}
