import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, ComputerRecord, PointRecord } from '@lifeboat/catalog';
import { days, type LedgerEvent, type RestorePointId } from '@lifeboat/model';
import type { DeleteAnswer } from '@lifeboat/protocol';
import { assertMayDelete, DeletionNeedsApproval, quarantineMs } from '@lifeboat/retention';
import { assertAdmin } from '../access/acting-operator.js';
import type { Operator } from '../access/operator-sessions.js';
import { ChangeLog } from '../platform/change-log.js';
import { ServerLedger } from '../platform/server-ledger.js';
import { CATALOG } from '../platform/tokens.js';
import { DeletionRequestsService } from '../retention/deletion-requests.service.js';
import { PointDeletions } from '../retention/point-deletions.js';
import { DateOutOfRange, DeletionNotConfirmed, PointNotDeleted } from '../retention/retention-errors.js';
import { RetentionStates, type BuiltState } from '../retention/retention-states.js';
import { RetentionTurns } from '../retention/retention-turns.js';

/** Nobody means a longer time, and nobody could take it back. */
const immutableMaxMs = days(3660);

/** A point as a person names it. */
export type NamedPoint = Readonly<{ computer: string; version: string }>;
type Found = Readonly<{ machine: ComputerRecord; point: PointRecord; built: BuiltState }>;
type PointRefs = Readonly<{ machineId: PointRecord['machineId']; pointId: RestorePointId }>;

/** What operators decide about single points: keeping them, deleting them, bringing them back. One decision at a time, each in the ledger before it is answered. */
@Injectable()
export class PointKeepingService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(RetentionStates) private readonly states: RetentionStates,
    @Inject(DeletionRequestsService) private readonly requests: DeletionRequestsService,
    @Inject(PointDeletions) private readonly deletions: PointDeletions,
    @Inject(RetentionTurns) private readonly turns: RetentionTurns,
    @Inject(ChangeLog) private readonly changes: ChangeLog,
  ) {}

  /** Keeps a point until `untilMs`, or until unpinned. A second pin replaces the first. @throws DateOutOfRange (DATE_OUT_OF_RANGE), and what cannot be found. */
  pin(named: NamedPoint, by: Operator, pin: Readonly<{ reason: string; untilMs: number | null }>): Promise<PointRecord> {
    return this.decide(named, ({ built }, ref) => {
      if (pin.untilMs !== null) assertAhead(pin.untilMs, built.nowMs);
      return { type: 'point.pinned', ...ref, ...pin, actor: by.label };
    });
  }

  unpin(named: NamedPoint, by: Operator): Promise<PointRecord> {
    return this.decide(named, (_, ref) => ({ type: 'point.unpinned', ...ref, actor: by.label }));
  }

  /** Keeps a point for a legal reason. */
  hold(named: NamedPoint, by: Operator, reason: string): Promise<PointRecord> {
    return this.decide(named, (_, ref) => ({ type: 'point.held', ...ref, reason, actor: by.label }));
  }

  /** Lifts a legal hold. @throws AdminRequired (ADMIN_REQUIRED) */
  release(named: NamedPoint, by: Operator, reason: string): Promise<PointRecord> {
    assertAdmin(by);
    return this.decide(named, (_, ref) => ({ type: 'point.released', ...ref, reason, actor: by.label }));
  }

  /** Makes a point immutable; the latest date counts and nobody takes it back. @throws AdminRequired (ADMIN_REQUIRED), DateOutOfRange (DATE_OUT_OF_RANGE) */
  freeze(named: NamedPoint, by: Operator, untilMs: number): Promise<PointRecord> {
    assertAdmin(by);
    return this.decide(named, ({ built }, ref) => {
      assertAhead(untilMs, built.immutableFromMs);
      return { type: 'point.immutable', ...ref, untilMs, actor: by.label };
    });
  }

  /** Brings a deleted point back. @throws PointNotDeleted (POINT_NOT_DELETED) */
  undelete(named: NamedPoint, by: Operator, reason: string): Promise<PointRecord> {
    return this.decide(named, ({ point }, ref) => {
      if (point.condemned === null) throw new PointNotDeleted();
      return { type: 'point.undeleted', ...ref, reason, actor: by.label };
    });
  }

  /**
   * Deletes a point, or asks for it when it is above the caps.
   *
   * @param confirm the computer's name or id, once more.
   * @throws DeletionNotConfirmed (DELETION_NOT_CONFIRMED), PointIsKept (POINT_IS_KEPT) a floor that no operator may pass holds it.
   */
  delete(named: NamedPoint, by: Operator, options: Readonly<{ reason: string; confirm: string }>): Promise<DeleteAnswer> {
    return this.turns.take(async () => {
      const { machine, point, built } = await this.find(named);
      const { machineId, pointId } = point;
      if (options.confirm !== machine.name && options.confirm !== machineId) throw new DeletionNotConfirmed();
      if (point.condemned) return { v: 1, outcome: 'deleted', id: pointId, purgeAfter: new Date(point.condemned.purgeAfterMs).toISOString() };
      const points = [{ machineId, pointId }];
      try {
        assertMayDelete(built.state, built.nowMs, { points, by: 'operator', approved: false });
      } catch (error) {
        if (!(error instanceof DeletionNeedsApproval)) throw error;
        const { requestId, executeAfterMs } = await this.requests.ask(points, { actor: by.label, reason: options.reason, nowMs: built.nowMs });
        return { v: 1, outcome: 'requested', id: pointId, requestId, executeAfter: new Date(executeAfterMs).toISOString(), why: String(error.details['reason'] ?? error.message) };
      }
      const purgeAfterMs = built.nowMs + quarantineMs(built.pressure, built.settings);
      await this.deletions.condemn([{ machineId, pointId, reason: options.reason, by: 'operator', actor: by.label, planHash: null, purgeAfterMs }]);
      return { v: 1, outcome: 'deleted', id: pointId, purgeAfter: new Date(purgeAfterMs).toISOString() };
    });
  }

  /** Finds the point, writes the event, answers the point as it is then. */
  private decide(named: NamedPoint, eventOf: (found: Found, ref: PointRefs) => LedgerEvent): Promise<PointRecord> {
    return this.turns.take(async () => {
      const found = await this.find(named);
      const { machineId, pointId } = found.point;
      await this.ledger.append(eventOf(found, { machineId, pointId }));
      this.changes.pointsChanged(machineId);
      return (await this.catalog.points.find(machineId, pointId)) ?? found.point;
    });
  }

  private async find({ computer, version }: NamedPoint): Promise<Found> {
    const machine = await this.catalog.computers.findByNameOrId(computer);
    const point = await this.catalog.points.resolve(machine.machineId, version);
    return { machine, point, built: await this.states.build() };
  }
}

function assertAhead(untilMs: number, nowMs: number): void {
  if (untilMs > nowMs && untilMs <= nowMs + immutableMaxMs) return;
  throw new DateOutOfRange({ earliest: new Date(nowMs).toISOString(), latest: new Date(nowMs + immutableMaxMs).toISOString() });
}
