import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import { days, minutes, type Clock, type RestorePointId } from '@lifeboat/model';
import type { BlastRadius, PolicyChange, RetentionComparison, RetentionPlanView, RetentionSimulation } from '@lifeboat/protocol';
import { planRetention, type RetentionPlan } from '@lifeboat/retention';
import { CATALOG, CLOCK } from '../platform/tokens.js';
import { planViewOf } from './plan-view.js';
import { RetentionStates, type BuiltState, type StateOverrides } from './retention-states.js';

/** How far ahead a change of policy is looked at before it takes effect. */
const radiusMs = days(7);
const recentMs = minutes(1);

/** A plan together with what it was made from. */
export type MadePlan = Readonly<{ plan: RetentionPlan; built: BuiltState }>;

/** Lower-case hexadecimal SHA-256: what plans are named by. */
export const hashText = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Plans of retention: what would go now, at another time, with less room or under another policy. Nothing here deletes. */
@Injectable()
export class RetentionPlans {
  private cached: Readonly<{ seq: number; atMs: number; made: Promise<MadePlan> }> | undefined;

  constructor(
    @Inject(RetentionStates) private readonly states: RetentionStates,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Plans from the state now, or from one that the overrides make. Throws what planRetention refuses. */
  async make(overrides: StateOverrides = {}): Promise<MadePlan> {
    const built = await this.states.build(overrides);
    return { plan: planRetention(built.state, built.nowMs, hashText), built };
  }

  /** As {@link make}, for people. */
  async show(overrides: StateOverrides = {}): Promise<RetentionPlanView> {
    return planViewOf(await this.make(overrides));
  }

  /** The plan for what lists show: of what the ledger says now, and at most a minute old. */
  async recent(): Promise<MadePlan> {
    const { seq } = await this.catalog.watermark();
    const nowMs = this.clock.monotonicMs();
    if (this.cached?.seq === seq && nowMs - this.cached.atMs < recentMs) return this.cached.made;
    const made = this.make();
    this.cached = { seq, atMs: nowMs, made };
    made.catch(() => { this.cached = undefined; });
    return made;
  }

  /** A plan under a draft beside the plan under what is in force, for the same moment and room. */
  async compare({ freeBytes, at, draft, settings }: RetentionSimulation): Promise<RetentionComparison> {
    const same = { ...(freeBytes === undefined ? {} : { freeBytes }), ...(at === undefined ? {} : { atMs: at }) };
    const made = await this.make({ ...same, ...(draft ? { draft } : {}), ...(settings ? { settings } : {}) });
    const plan = planViewOf(made);
    if (!draft && !settings) return { v: 1, plan, today: null, moreDeleted: 0, moreKept: 0 };
    const today = await this.make(same);
    const [drafted, current] = [goesIn(made), goesIn(today)];
    return { v: 1, plan, today: planViewOf(today), moreDeleted: without(drafted, current), moreKept: without(current, drafted) };
  }

  /** What a change of a policy or of the settings would delete within seven days that stays otherwise. */
  async radiusOf(change: Readonly<{ draft: PolicyChange } | { settings: StateOverrides['settings'] & object }>): Promise<BlastRadius> {
    const now = await this.states.build();
    const atMs = now.nowMs + radiusMs;
    const [drafted, current] = [await this.make({ atMs, ...change }), await this.make({ atMs })];
    const [goes, went] = [goesIn(drafted), goesIn(current)];
    const deleted = planViewOf(drafted).prune.filter(({ id }) => goes.has(id) && !went.has(id)).map(({ computer, machineId, id, createdAt, reason, uniqueBytes }) => ({ computer, machineId, id, createdAt, reason, uniqueBytes }));
    const touched = 'draft' in change ? [...drafted.built.policies].filter(([machineId, { policy }]) => JSON.stringify(policy) !== JSON.stringify(current.built.policies.get(machineId)?.policy)) : [...drafted.built.policies];
    return {
      v: 1, computers: touched.map(([machineId]) => ({ computer: now.nameOf(machineId), machineId })), deleted, kept: without(went, goes),
      freedBytes: deleted.reduce((sum, point) => sum + point.uniqueBytes, 0), confirm: hashText(JSON.stringify([change, deleted.map(({ id }) => id).sort()])),
    };
  }
}

function goesIn({ plan }: MadePlan): Set<RestorePointId> {
  return new Set(plan.prune.map(({ pointId }) => pointId));
}

/** How many of `ids` are not among the others. */
function without(ids: ReadonlySet<RestorePointId>, others: ReadonlySet<RestorePointId>): number {
  return [...ids].filter((id) => !others.has(id)).length;
}
