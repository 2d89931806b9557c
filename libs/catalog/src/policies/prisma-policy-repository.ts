import { BackupPolicy, defaultBackupPolicy, MachineId } from '@lifeboat/model';
import type { PrismaClient } from '../generated/client.js';
import type { EffectivePolicy, PolicyRepository } from './policy-repository.js';

/** Subject of the row that holds the default; no machine id looks like it. */
export const defaultPolicySubject = 'default';

/** Backup policies, from the table `policy`. */
export class PrismaPolicyRepository implements PolicyRepository {
  constructor(private readonly prisma: PrismaClient) {}

  async default(): Promise<EffectivePolicy> {
    return effective(await this.policiesOf([defaultPolicySubject]), undefined);
  }

  async effective(machineId: MachineId): Promise<EffectivePolicy> {
    return effective(await this.policiesOf([machineId, defaultPolicySubject]), machineId);
  }

  async effectiveOfAll(): Promise<ReadonlyMap<MachineId, EffectivePolicy>> {
    const [policies, machines] = await Promise.all([this.policiesOf(), this.prisma.computer.findMany({ select: { machineId: true } })]);
    const ids = machines.map((machine) => MachineId.parse(machine.machineId));
    return new Map(ids.map((machineId) => [machineId, effective(policies, machineId)]));
  }

  private async policiesOf(subjects?: readonly string[]): Promise<ReadonlyMap<string, BackupPolicy>> {
    const rows = await this.prisma.policy.findMany({ where: subjects ? { subject: { in: [...subjects] } } : {} });
    return new Map(rows.map((row) => [row.subject, BackupPolicy.parse(JSON.parse(row.policyJson))]));
  }
}

function effective(policies: ReadonlyMap<string, BackupPolicy>, machineId: MachineId | undefined): EffectivePolicy {
  const own = machineId === undefined ? undefined : policies.get(machineId);
  if (own) return { policy: own, origin: 'machine' };
  const byAdmin = policies.get(defaultPolicySubject);
  return byAdmin ? { policy: byAdmin, origin: 'default' } : { policy: defaultBackupPolicy, origin: 'built-in' };
}
