import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { isLifeboatError, type Clock } from '@lifeboat/model';
import type { RetentionRunView } from '@lifeboat/protocol';
import { assertMayDelete, assertSamePlan, quarantineMs } from '@lifeboat/retention';
import type { Logger } from 'pino';
import { serverActor } from '../access/operators.controller.js';
import { CLOCK, LOGGER } from '../platform/tokens.js';
import { DeletionRequestsService } from './deletion-requests.service.js';
import { PointDeletions } from './point-deletions.js';
import { RetentionBusy } from './retention-errors.js';
import { RetentionPlans, type MadePlan } from './retention-plans.js';
import { RetentionTurns } from './retention-turns.js';
import { RetentionUpkeep } from './retention-upkeep.js';

/** Gains are measured after garbage collection, and what is still missing is planned anew, so often at most. */
const roundsMax = 3;

export type RetentionTrigger = NonNullable<RetentionRunView['trigger']>;
type LastRun = NonNullable<RetentionRunView['last']>;
type RoundResult = Readonly<{ made: MadePlan; condemned: number; purged: number; waiting: number }>;
type Running = { readonly trigger: RetentionTrigger; readonly startedAtMs: number; readonly abort: AbortController; phase: NonNullable<RetentionRunView['phase']>; round: number };

/** Carries retention out: plan, ledger record, purge, garbage collection, measure, at most three times. One run at a time; a run that was cut off is simply planned anew. */
@Injectable()
export class RetentionRunsService implements OnModuleDestroy {
  private current: Readonly<{ running: Running; promise: Promise<LastRun> }> | undefined;
  private last: LastRun | null = null;

  constructor(
    @Inject(RetentionPlans) private readonly plans: RetentionPlans,
    @Inject(PointDeletions) private readonly deletions: PointDeletions,
    @Inject(DeletionRequestsService) private readonly requests: DeletionRequestsService,
    @Inject(RetentionUpkeep) private readonly upkeep: RetentionUpkeep,
    @Inject(RetentionTurns) private readonly turns: RetentionTurns,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** What is going on, and how the last run ended. */
  view(): RetentionRunView {
    const { current, last } = this;
    if (!current) return { state: 'idle', trigger: null, phase: null, round: null, startedAt: null, last };
    const { running } = current;
    return { state: 'running', trigger: running.trigger, phase: running.phase, round: running.round, startedAt: isoOf(running.startedAtMs), last };
  }

  /**
   * Runs to the end; how it went, failures included, is in the answer and in {@link view}. While one runs, others join it.
   */
  run(trigger: RetentionTrigger): Promise<LastRun> {
    return this.current?.promise ?? this.begin(trigger, null);
  }

  /**
   * Begins a run and answers when its first plan is known to be the one that was shown.
   *
   * @param planHash of the plan that was shown; null takes whatever the plan is.
   * @returns the hash of the plan that is carried out.
   * @throws PlanStale (PLAN_STALE) the plan is another one by now; nothing was deleted. RetentionBusy (RETENTION_BUSY), and what planRetention refuses.
   */
  async start(planHash: string | null): Promise<string> {
    if (this.isRunning()) throw new RetentionBusy();
    const { plan } = await this.plans.make();
    if (planHash !== null) assertSamePlan({ planHash, stateVersion: plan.stateVersion }, plan);
    if (this.isRunning()) throw new RetentionBusy();
    void this.begin('operator', plan.planHash);
    return plan.planHash;
  }

  /** Ends the run under way between two points; what was deleted can be brought back. */
  async stop(): Promise<void> {
    this.current?.running.abort.abort();
    await this.current?.promise;
  }

  onModuleDestroy(): Promise<void> {
    return this.stop();
  }

  private isRunning(): boolean {
    return this.current !== undefined;
  }

  private begin(trigger: RetentionTrigger, planHash: string | null): Promise<LastRun> {
    const running: Running = { trigger, startedAtMs: this.clock.nowMs(), abort: new AbortController(), phase: 'plan', round: 1 };
    const promise = this.carryOut(running, planHash).finally(() => { this.current = undefined; });
    this.current = { running, promise };
    return promise;
  }

  private async carryOut(running: Running, planHash: string | null): Promise<LastRun> {
    const sums = { planHash: planHash ?? '0'.repeat(64), rounds: 0, condemnedPoints: 0, purgedPoints: 0, freedBytes: 0, shortfallBytes: 0, waitingForApproval: 0 };
    const ended = (outcome: LastRun['outcome'], code: string | null, message: string | null): LastRun => {
      this.last = { ...sums, startedAt: isoOf(running.startedAtMs), finishedAt: isoOf(this.clock.nowMs()), outcome, code, message };
      return this.last;
    };
    try {
      for (let round = 1; round <= roundsMax; round += 1) {
        running.round = round;
        const result = await this.round(running, round === 1 ? planHash : null);
        const freedBytes = await this.collect(running, result);
        const { plan } = result.made;
        sums.planHash = round === 1 ? plan.planHash : sums.planHash;
        sums.rounds = round;
        sums.condemnedPoints += result.condemned;
        sums.purgedPoints += result.purged;
        sums.freedBytes += freedBytes;
        sums.shortfallBytes = plan.shortfallBytes;
        sums.waitingForApproval = result.waiting;
        if (result.condemned + result.purged === 0 || (await this.upkeep.isRelieved())) break;
      }
      await this.upkeep.remember();
      return ended('done', null, null);
    } catch (error) {
      if (running.abort.signal.aborted) return ended('stopped', null, null);
      this.log.error({ err: error, trigger: running.trigger }, 'retention ended early');
      return isLifeboatError(error) ? ended('failed', error.code, error.message) : ended('failed', 'INTERNAL_ERROR', 'retention met an unexpected error');
    }
  }

  private async round(running: Running, planHash: string | null): Promise<RoundResult> {
    const { signal } = running.abort;
    running.phase = 'plan';
    await this.upkeep.measureWhenTight();
    return this.turns.take(async () => {
      const made = await this.plans.make();
      if (planHash !== null) assertSamePlan({ planHash, stateVersion: made.plan.stateVersion }, made.plan);
      running.phase = 'condemn';
      const condemned = await this.condemn(made, signal);
      await this.requests.carryOut();
      const waiting = await this.requests.askFor(made);
      running.phase = 'purge';
      // What was just deleted may be due at once when room is red.
      const { plan } = condemned > 0 ? await this.plans.make() : made;
      return { made, condemned, purged: await this.deletions.purge(plan.purge, signal), waiting };
    });
  }

  private async condemn({ plan, built }: MadePlan, signal: AbortSignal): Promise<number> {
    const waits = new Set(plan.needsApproval.map(({ pointId }) => pointId));
    const goes = plan.prune.filter(({ pointId }) => !waits.has(pointId));
    const points = goes.map(({ machineId, pointId, by }) => ({ machineId, pointId, by }));
    // The same floors and caps once more: a mistake in the plan must not become a deletion.
    assertMayDelete(built.state, built.nowMs, { points, by: 'retention', approved: false });
    const purgeAfterMs = built.nowMs + quarantineMs(plan.pressure, built.settings);
    await this.deletions.condemn(goes.map(({ machineId, pointId, reason, by }) => ({ machineId, pointId, reason, by, actor: serverActor, planHash: plan.planHash, purgeAfterMs })), signal);
    return goes.length;
  }

  /** Collects when there is something to collect. @returns bytes of files that are gone. */
  private async collect(running: Running, { made, condemned, purged }: RoundResult): Promise<number> {
    running.phase = 'collect';
    const wanted = purged > 0 || running.trigger === 'daily' || running.trigger === 'operator';
    const freedBytes = await this.upkeep.collect(wanted, running.abort.signal);
    const { planHash, shortfallBytes } = made.plan;
    if (condemned + purged > 0 || freedBytes > 0) await this.upkeep.record({ planHash, round: running.round, prunedPoints: condemned, freedBytes, shortfallBytes });
    return freedBytes;
  }
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
