import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import type { ComputerName, MachineId, MachineTag, RetentionScope, StoreSettings } from '@lifeboat/model';
import type { BlastRadius } from '@lifeboat/protocol';
import { assertRetentionPolicy, ZoneCalendar } from '@lifeboat/retention';
import type { Operator } from '../access/operator-sessions.js';
import { ChangeLog } from '../platform/change-log.js';
import { ServerLedger } from '../platform/server-ledger.js';
import { CATALOG } from '../platform/tokens.js';
import { StoreSpace } from '../store/store-space.js';
import type { PolicyDecision } from './policies-in-force.js';
import { ChangeNotConfirmed } from './retention-errors.js';
import { RetentionPlans } from './retention-plans.js';
import { RetentionTurns } from './retention-turns.js';

/** Who decides, and what was confirmed: the `confirm` of a blast radius. */
export type Confirmation = Readonly<{ by: Operator; confirm: string | null }>;

/** Retention policies, tags and settings. Nothing that deletes points takes effect before somebody saw which. */
@Injectable()
export class RetentionPoliciesService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(RetentionPlans) private readonly plans: RetentionPlans,
    @Inject(RetentionTurns) private readonly turns: RetentionTurns,
    @Inject(StoreSpace) private readonly space: StoreSpace,
    @Inject(ChangeLog) private readonly changes: ChangeLog,
  ) {}

  /** What a policy would change. @throws RetentionPolicyInvalid (RETENTION_POLICY_INVALID), ComputerNotFound (COMPUTER_NOT_FOUND) */
  async radiusOfPolicy(draft: PolicyDecision): Promise<BlastRadius> {
    await this.assertSound(draft);
    return this.plans.radiusOf({ draft });
  }

  /** What other settings would change. @throws TimeZoneUnknown (TIME_ZONE_UNKNOWN), RetentionStateInvalid (RETENTION_STATE_INVALID) watermarks that do not fall */
  async radiusOfSettings(settings: StoreSettings): Promise<BlastRadius> {
    ZoneCalendar.of(settings.timeZone);
    return this.plans.radiusOf({ settings });
  }

  /** Sets a policy; null goes back to the scope above. @throws ChangeNotConfirmed (CHANGE_NOT_CONFIRMED), and as {@link radiusOfPolicy} */
  savePolicy(draft: PolicyDecision, { by, confirm }: Confirmation): Promise<BlastRadius> {
    return this.turns.take(async () => {
      const radius = await this.radiusOfPolicy(draft);
      assertConfirmed(radius, confirm);
      await this.ledger.append({ type: 'retention.policy.set', scope: draft.scope, policy: draft.policy, actor: by.label });
      for (const { machineId } of radius.computers) this.changes.pointsChanged(machineId);
      return radius;
    });
  }

  /** Changes how the store keeps house. @throws ChangeNotConfirmed (CHANGE_NOT_CONFIRMED), and as {@link radiusOfSettings} */
  saveSettings(settings: StoreSettings, { by, confirm }: Confirmation): Promise<BlastRadius> {
    return this.turns.take(async () => {
      const radius = await this.radiusOfSettings(settings);
      assertConfirmed(radius, confirm);
      await this.ledger.append({ type: 'store.settings.set', settings, actor: by.label });
      this.space.changed();
      return radius;
    });
  }

  /** Sets a machine's tags, by which policies reach it. @throws ComputerNotFound (COMPUTER_NOT_FOUND), ComputerNameAmbiguous */
  async tag(computer: string, tags: readonly MachineTag[]): Promise<Readonly<{ machineId: MachineId; name: ComputerName; tags: MachineTag[] }>> {
    const { machineId, name } = await this.catalog.computers.findByNameOrId(computer);
    const sorted = [...new Set(tags)].sort();
    await this.turns.take(() => this.ledger.append({ type: 'machine.tagged', machineId, tags: sorted }));
    this.changes.pointsChanged(machineId);
    return { machineId, name, tags: sorted };
  }

  private async assertSound({ scope, policy }: PolicyDecision): Promise<void> {
    if (policy !== null) assertRetentionPolicy(policy, { scope: nameOf(scope) });
    if (scope.kind === 'machine') await this.catalog.computers.get(scope.machineId);
  }
}

function assertConfirmed(radius: BlastRadius, confirm: string | null): void {
  if (radius.deleted.length > 0 && radius.confirm !== confirm) throw new ChangeNotConfirmed(radius.deleted.length);
}

function nameOf(scope: RetentionScope): string {
  switch (scope.kind) {
    case 'default':
      return 'default';
    case 'tag':
      return scope.tag;
    case 'machine':
      return scope.machineId;
  }
}
