import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, ComputerRecord, DeletionRequestRecord, PointRecord } from '@lifeboat/catalog';
import { days, hours, type MachineId, type RestorePointId, type StoreSettings } from '@lifeboat/model';
import {
  pressureOf, type ClockReading, type DeletionApproval, type PastDeletion, type Pressure, type RetentionMachine, type RetentionPoint, type RetentionState, type StoreSpace as Room,
} from '@lifeboat/retention';
import { PointUses } from '../points-keeping/point-uses.js';
import { ServerLedger } from '../platform/server-ledger.js';
import { CATALOG } from '../platform/tokens.js';
import { StoreSpace } from '../store/store-space.js';
import { TrustedTime } from '../trusted-time/trusted-time.js';
import { policiesInForce, type PolicyDecision, type PolicyInForce } from './policies-in-force.js';
import { CatalogBehind } from './retention-errors.js';
import { StoreUsageService } from './store-usage.service.js';

/** A machine that nobody heard of for so long may never come back. */
const silentMs = days(14);

/** What to assume instead of what is. */
export type StateOverrides = Readonly<{
  freeBytes?: number; atMs?: number; draft?: PolicyDecision; settings?: StoreSettings;
}>;

/** A state to decide from with the pressure in it, the trusted time that goes with it, and what people call the machines. */
export type BuiltState = Readonly<{
  state: RetentionState; pressure: Pressure; settings: StoreSettings; nowMs: number; immutableFromMs: number; policies: ReadonlyMap<MachineId, PolicyInForce>; points: ReadonlyMap<RestorePointId, PointRecord>; nameOf: (machineId: MachineId) => string;
}>;

/** Brings together what retention decides from: the catalog as far as the ledger goes, room, what points take, who uses them, and trusted time. */
@Injectable()
export class RetentionStates {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(StoreSpace) private readonly space: StoreSpace,
    @Inject(StoreUsageService) private readonly usage: StoreUsageService,
    @Inject(TrustedTime) private readonly time: TrustedTime,
    @Inject(PointUses) private readonly uses: PointUses,
  ) {}

  /** The state now, or as the overrides say. Cost: reads all points of the catalog. @throws CatalogBehind (CATALOG_BEHIND) */
  async build(overrides: StateOverrides = {}): Promise<BuiltState> {
    // A pin that the catalog has not heard of yet must not be missed.
    if (!(await this.ledger.follow())) throw new CatalogBehind();
    // First the watermark: a record that comes in between then makes the plan stale, never wrong.
    const { seq: stateVersion } = await this.catalog.watermark();
    const [measured, reading, computers, points, requests, anomalies, policies, tags] = await Promise.all([
      this.space.measure(), this.time.read(), this.catalog.computers.list(), this.catalog.points.listAll(), this.catalog.retention.listRequests(1000), this.catalog.retention.openAnomalies(),
      this.catalog.retention.policies(), this.catalog.retention.tags(),
    ]);
    const nowMs = overrides.atMs ?? reading.nowMs;
    const clock: ClockReading = overrides.atMs === undefined ? reading.clock : { wallMs: nowMs, jumped: false, uncreditedMs: 0 };
    const inForce = policiesInForce({ computers, policies, tags, draft: overrides.draft });
    const facts: PointFacts = { nowMs, used: this.uses.all(), approvals: approvalsOf(requests, nowMs), lastClean: new Set(anomalies.flatMap(({ lastCleanPointId }) => lastCleanPointId ?? [])), usage: this.usage };
    const pointsOf = byMachine(points);
    const braked = new Set(anomalies.map(({ machineId }) => machineId));
    const machines = computers.map((computer) => this.machine(computer, { points: pointsOf.get(computer.machineId) ?? [], braked, policy: inForce.get(computer.machineId), facts }));
    const state: RetentionState = {
      stateVersion, settings: overrides.settings ?? measured.settings, space: roomWith(measured.room, overrides.freeBytes), pressureBefore: measured.memory?.pressure ?? null, clock, machines,
      pastDeletions: await this.pastDeletions(nowMs, requests),
    };
    const names = new Map(computers.map(({ machineId, name }) => [machineId, name]));
    const pressure = pressureOf(state.space, state.settings, state.pressureBefore);
    return {
      state, pressure, settings: state.settings, nowMs, immutableFromMs: reading.immutableFromMs, policies: inForce, points: new Map(points.map((point) => [point.pointId, point])), nameOf: (machineId) => names.get(machineId) ?? machineId,
    };
  }

  private machine(computer: ComputerRecord, from: Readonly<{ points: readonly PointRecord[]; braked: ReadonlySet<MachineId>; policy: PolicyInForce | undefined; facts: PointFacts }>): RetentionMachine {
    const { machineId, name, lastSeenAtMs, enrolledAtMs } = computer;
    const { points, braked, policy, facts } = from;
    const newest = points.at(-1);
    const heardOfMs = Math.max(lastSeenAtMs ?? enrolledAtMs, newest?.createdAtMs ?? 0);
    return {
      machineId, name, tags: policy?.tags ?? [], policy: policy?.policy ?? null, points: points.map((point, index) => pointOf(point, points[index + 1], facts)),
      silent: facts.nowMs - heardOfMs > silentMs, anomaly: braked.has(machineId), exclusive: newest ? this.usage.runsOf(machineId, newest.seq) : null,
    };
  }

  /** What went within a day without anybody's consent; what was approved does not count into the caps. */
  private async pastDeletions(nowMs: number, requests: readonly DeletionRequestRecord[]): Promise<readonly PastDeletion[]> {
    const consented = new Set(requests.filter(({ state }) => state === 'approved' || state === 'executed').flatMap(({ points }) => points.map(({ pointId }) => pointId)));
    const deletions = await this.catalog.retention.deletions(Math.max(0, nowMs - hours(25)));
    return deletions.filter(({ pointId, undeletedAtMs }) => undeletedAtMs === null && !consented.has(pointId)).map(({ machineId, condemnedAtMs }) => ({ machineId, atMs: condemnedAtMs }));
  }
}

type PointFacts = Readonly<{ nowMs: number; used: ReadonlySet<RestorePointId>; approvals: ReadonlyMap<RestorePointId, DeletionApproval>; lastClean: ReadonlySet<RestorePointId>; usage: StoreUsageService }>;

function pointOf(point: PointRecord, next: PointRecord | undefined, { used, approvals, lastClean, usage }: PointFacts): RetentionPoint {
  const { pointId, machineId, seq, createdAtMs, state, bytes, pinned, held, immutableUntilMs, proof, condemned } = point;
  return {
    pointId, seq, createdAtMs, state, usedBytes: bytes.used, storedBytes: bytes.stored, changedBytes: bytes.changed, proofLevel: proof?.level ?? null,
    pinnedUntilMs: pinned === null ? null : (pinned.untilMs ?? 'forever'), held: held !== null, immutableUntilMs, inUse: used.has(pointId),
    condemned: condemned && { condemnedAtMs: condemned.atMs, purgeAfterMs: condemned.purgeAfterMs }, approval: approvals.get(pointId) ?? 'none',
    lastBeforeLayoutChange: differs(point.layoutDigest, next?.layoutDigest), lastBeforeOsChange: differs(point.osVersion, next?.osVersion), lastBeforeAnomaly: lastClean.has(pointId),
    sizes: { uniqueBytes: usage.uniqueBytesOf(machineId, pointId) ?? 0 },
  };
}

/** Both are known and not the same. */
function differs(one: string | null, other: string | null | undefined): boolean {
  return one !== null && other !== null && other !== undefined && one !== other;
}

/** What open requests mean for their points; 24 hours are consent. */
function approvalsOf(requests: readonly DeletionRequestRecord[], nowMs: number): Map<RestorePointId, DeletionApproval> {
  const approvals = new Map<RestorePointId, DeletionApproval>();
  for (const { state, executeAfterMs, points } of requests) {
    if (state !== 'waiting' && state !== 'approved') continue;
    const approval = state === 'approved' || executeAfterMs <= nowMs ? 'granted' : 'waiting';
    for (const { pointId } of points) if (approvals.get(pointId) !== 'granted') approvals.set(pointId, approval);
  }
  return approvals;
}

function roomWith(room: Room, freeBytes: number | undefined): Room {
  return freeBytes === undefined ? room : { ...room, freeBytes: Math.min(freeBytes, room.sizeBytes) };
}

function byMachine(points: readonly PointRecord[]): Map<MachineId, PointRecord[]> {
  const grouped = new Map<MachineId, PointRecord[]>();
  for (const point of points) {
    const known = grouped.get(point.machineId);
    if (known) known.push(point);
    else grouped.set(point.machineId, [point]);
  }
  return grouped;
}
