import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, EffectivePolicy } from '@lifeboat/catalog';
import { assertScheduleValid } from '@lifeboat/jobs';
import type { BackupPolicy, Clock, MachineId } from '@lifeboat/model';
import { ChangeLog } from '../platform/change-log.js';
import { ServerLedger } from '../platform/server-ledger.js';
import { CATALOG, CLOCK } from '../platform/tokens.js';
import { SchedulesService } from './schedules.service.js';

/** Backup policies: the default one, and those of single machines. */
@Injectable()
export class PoliciesService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(SchedulesService) private readonly schedules: SchedulesService,
    @Inject(ChangeLog) private readonly changes: ChangeLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The default policy. */
  getDefault(): Promise<EffectivePolicy> {
    return this.catalog.policies.default();
  }

  /** The policy that a machine follows. @throws ComputerNotFound, ComputerNameAmbiguous */
  async getOf(computer: string): Promise<EffectivePolicy> {
    return this.catalog.policies.effective((await this.catalog.computers.findByNameOrId(computer)).machineId);
  }

  /** Sets the default policy; null goes back to the built-in one. @throws ScheduleInvalid (SCHEDULE_INVALID) */
  async setDefault(policy: BackupPolicy | null): Promise<EffectivePolicy> {
    await this.set(null, policy);
    await this.schedules.refreshAll();
    for (const { machineId } of await this.catalog.computers.list()) this.changes.machineChanged(machineId);
    return this.getDefault();
  }

  /** Sets a machine's own policy; null makes it follow the default again. @throws ScheduleInvalid (SCHEDULE_INVALID), ComputerNotFound, ComputerNameAmbiguous */
  async setOf(computer: string, policy: BackupPolicy | null): Promise<EffectivePolicy> {
    const { machineId } = await this.catalog.computers.findByNameOrId(computer);
    await this.set(machineId, policy);
    await this.schedules.refresh(machineId);
    this.changes.machineChanged(machineId);
    return this.catalog.policies.effective(machineId);
  }

  private async set(machineId: MachineId | null, policy: BackupPolicy | null): Promise<void> {
    if (policy) assertScheduleValid(policy.schedule, this.clock.nowMs());
    await this.ledger.append({ type: 'policy.set', machineId, policy });
  }
}
