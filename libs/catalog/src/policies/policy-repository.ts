import type { BackupPolicy, MachineId } from '@lifeboat/model';

/** The policy that applies, and where it comes from. */
export type EffectivePolicy = Readonly<{ policy: BackupPolicy; origin: 'built-in' | 'default' | 'machine' }>;

/** Backup policies: a machine's own, else the default that an admin set, else the built-in one. */
export interface PolicyRepository {
  /** What machines without a policy of their own follow. */
  default(): Promise<EffectivePolicy>;
  effective(machineId: MachineId): Promise<EffectivePolicy>;
  /** The effective policy of every enrolled machine, in one query. */
  effectiveOfAll(): Promise<ReadonlyMap<MachineId, EffectivePolicy>>;
}
