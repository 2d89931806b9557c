import type { INestApplicationContext } from '@nestjs/common';
import { PointCommitsService } from '../backups/point-commits.service.js';
import { TrustedTime } from '../trusted-time/trusted-time.js';
import { RetentionTriggersService } from './retention-triggers.service.js';
import { StoreUsageService } from './store-usage.service.js';

/** Begins to keep trusted time, to watch room and to run retention; called once, when the server answers. */
export async function beginRetention(app: INestApplicationContext): Promise<void> {
  const [triggers, usage] = [app.get(RetentionTriggersService), app.get(StoreUsageService)];
  await app.get(TrustedTime).begin();
  app.get(PointCommitsService).onCommitted(async ({ machineId, pointId }) => {
    usage.changed();
    await triggers.pointCommitted(machineId, pointId);
  });
  usage.changed();
  await triggers.begin();
}
