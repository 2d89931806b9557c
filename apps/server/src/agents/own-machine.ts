import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import type { BackupPolicy, Clock, MachineId } from '@lifeboat/model';
import type { PointsListed } from '@lifeboat/protocol';
import type { z } from 'zod';
import { CATALOG, CLOCK } from '../platform/tokens.js';
import { pointSummaryOf } from '../restore-points/point-views.js';

/** What the catalog knows of an agent's own machine, for the agent, and what it learns from it. */
@Injectable()
export class OwnMachine {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The agent was heard of just now. */
  seen(machineId: MachineId, agentVersion: string): Promise<void> {
    return this.catalog.computers.touch(machineId, this.clock.nowMs(), agentVersion);
  }

  /** The points of the machine that are not deleted, newest first. */
  async points(machineId: MachineId): Promise<z.infer<typeof PointsListed>> {
    return { points: (await this.catalog.points.listByMachine(machineId)).filter((point) => point.condemned === null).map(pointSummaryOf) };
  }

  /** The policy that applies, and the name the machine goes by. */
  async policy(machineId: MachineId): Promise<{ policy: BackupPolicy; computerName: string }> {
    const [{ policy }, { name }] = await Promise.all([this.catalog.policies.effective(machineId), this.catalog.computers.get(machineId)]);
    return { policy, computerName: name };
  }
}
