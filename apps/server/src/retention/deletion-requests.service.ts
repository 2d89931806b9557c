import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, DeletionRequestRecord } from '@lifeboat/catalog';
import { DeletionRequestId, hours, isLifeboatError, randomHex128, type Random } from '@lifeboat/model';
import { assertMayDelete, quarantineMs, type PointRef } from '@lifeboat/retention';
import type { Logger } from 'pino';
import { serverActor } from '../access/operators.controller.js';
import { ServerLedger } from '../platform/server-ledger.js';
import { CATALOG, LOGGER, RANDOM } from '../platform/tokens.js';
import { DeletionDecided, DeletionRequestNotFound, SecondOperatorRequired } from './retention-errors.js';
import { PointDeletions } from './point-deletions.js';
import type { MadePlan } from './retention-plans.js';
import { RetentionStates, type BuiltState } from './retention-states.js';

/** Without a second operator a deletion above the caps waits so long. */
export const consentMs = hours(24);
const pointsPerRequestMax = 5000;

/** Deletions above the caps: they wait for a second operator, or for a day in which somebody can object. */
@Injectable()
export class DeletionRequestsService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(RetentionStates) private readonly states: RetentionStates,
    @Inject(PointDeletions) private readonly deletions: PointDeletions,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Asks for a deletion. @returns the request as it waits. */
  async ask(points: readonly PointRef[], by: Readonly<{ actor: string; reason: string; nowMs: number }>): Promise<Pick<DeletionRequestRecord, 'requestId' | 'executeAfterMs'>> {
    const requestId = DeletionRequestId.parse(randomHex128(this.random));
    const executeAfterMs = by.nowMs + consentMs;
    await this.ledger.append({ type: 'deletion.requested', requestId, points: points.map(({ machineId, pointId }) => ({ machineId, pointId })), reason: by.reason, actor: by.actor, executeAfterMs });
    this.log.warn({ requestId, points: points.length, actor: by.actor }, 'a deletion above the caps waits for a second operator');
    return { requestId, executeAfterMs };
  }

  /** Asks for what the plan may not delete by itself, unless that was asked for. Takes back what is no longer wanted. @returns how many points wait. */
  async askFor({ plan, built }: MadePlan): Promise<number> {
    await this.takeBack(new Set(plan.prune.map(({ pointId }) => pointId)));
    const asked = new Set((await this.catalog.retention.openRequests()).flatMap(({ points }) => points.map(({ pointId }) => pointId)));
    const wanted = plan.needsApproval.filter(({ pointId }) => !asked.has(pointId));
    for (let from = 0; from < wanted.length; from += pointsPerRequestMax) {
      const part = wanted.slice(from, from + pointsPerRequestMax);
      await this.ask(part, { actor: serverActor, reason: `retention: ${part[0]?.reason ?? ''}`, nowMs: built.nowMs });
    }
    return plan.needsApproval.length;
  }

  /** A second operator agrees. @throws DeletionRequestNotFound, DeletionDecided, SecondOperatorRequired */
  async approve(requestId: DeletionRequestId, actor: string): Promise<DeletionRequestRecord> {
    const request = await this.get(requestId);
    if (request.state !== 'waiting') throw new DeletionDecided(request.state);
    if (request.actor === actor) throw new SecondOperatorRequired();
    await this.ledger.append({ type: 'deletion.approved', requestId, actor });
    return this.get(requestId);
  }

  /** Anybody may object until it is carried out. @throws DeletionRequestNotFound, DeletionDecided */
  async withdraw(requestId: DeletionRequestId, by: Readonly<{ actor: string; reason: string }>): Promise<DeletionRequestRecord> {
    const request = await this.get(requestId);
    if (request.state !== 'waiting' && request.state !== 'approved') throw new DeletionDecided(request.state);
    await this.ledger.append({ type: 'deletion.withdrawn', requestId, ...by });
    return this.get(requestId);
  }

  list(limit: number): Promise<readonly DeletionRequestRecord[]> {
    return this.catalog.retention.listRequests(limit);
  }

  /** Carries out what operators asked for and nobody objected to, and notes which of retention's own requests are done. What must stay by now stays, and waits on. */
  async carryOut(): Promise<void> {
    for (const request of await this.catalog.retention.openRequests()) {
      const built = await this.states.build();
      const granted = request.state === 'approved' || request.executeAfterMs <= built.nowMs;
      const left = request.points.filter((point) => built.points.get(point.pointId)?.condemned === null);
      if (left.length > 0 && (!granted || request.actor === serverActor)) continue;
      if (left.length > 0 && !(await this.execute(request, left, built))) continue;
      await this.ledger.append({ type: 'deletion.executed', requestId: request.requestId });
    }
  }

  private async execute(request: DeletionRequestRecord, points: readonly PointRef[], built: BuiltState): Promise<boolean> {
    try {
      assertMayDelete(built.state, built.nowMs, { points, by: 'operator', approved: true });
    } catch (error) {
      if (!isLifeboatError(error)) throw error;
      this.log.warn({ err: error, requestId: request.requestId }, 'a deletion that was agreed to cannot be carried out');
      return false;
    }
    const { pressure, settings } = built;
    const facts = { reason: request.reason, by: 'operator', actor: request.actor, planHash: null, purgeAfterMs: built.nowMs + quarantineMs(pressure, settings) } as const;
    await this.deletions.condemn(points.map((point) => ({ ...point, ...facts })));
    return true;
  }

  private async takeBack(wanted: ReadonlySet<string>): Promise<void> {
    for (const { requestId, actor, points } of await this.catalog.retention.openRequests()) {
      if (actor !== serverActor || points.some(({ pointId }) => wanted.has(pointId))) continue;
      await this.ledger.append({ type: 'deletion.withdrawn', requestId, actor: serverActor, reason: 'retention does not want to delete these points any more' });
    }
  }

  /** @throws DeletionRequestNotFound (DELETION_REQUEST_NOT_FOUND) */
  async get(requestId: DeletionRequestId): Promise<DeletionRequestRecord> {
    const request = await this.catalog.retention.findRequest(requestId);
    if (!request) throw new DeletionRequestNotFound(requestId);
    return request;
  }
}
