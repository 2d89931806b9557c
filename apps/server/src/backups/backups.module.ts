import { Module, type DynamicModule } from '@nestjs/common';
import { BackupRunsService } from './backup-runs.service.js';
import { BackupSessionsService } from './backup-sessions.service.js';
import { BackupsController } from './backups.controller.js';
import { PointCommitsService } from './point-commits.service.js';
import { SessionExpiry } from './session-expiry.js';

@Module({})
class BackupsModule {}

/** Backups: asked for by operators and schedules, carried out by agents. */
export function backupsModule(platform: DynamicModule, parts: Readonly<{ jobs: DynamicModule; connections: DynamicModule; dataPlane: DynamicModule; upkeep: DynamicModule }>): DynamicModule {
  return {
    module: BackupsModule, imports: [platform, parts.jobs, parts.connections, parts.dataPlane, parts.upkeep], controllers: [BackupsController],
    providers: [BackupRunsService, BackupSessionsService, PointCommitsService, SessionExpiry], exports: [BackupRunsService, BackupSessionsService, PointCommitsService],
  };
}
