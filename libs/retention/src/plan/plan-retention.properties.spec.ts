import { days, hours, MIB, type RestorePointId } from '@lifeboat/model';
import fc from 'fast-check';
import { QuotaBelowFloors } from '../errors.js';
import { reliefMark } from '../pressure/pressure-of.js';
import type { RetentionMachine, RetentionPoint, RetentionState } from '../state/retention-state.js';
import { testHash, testNowMs } from '../testing/fleet.js';
import { randomFleet, type RandomFleet } from '../testing/random-fleet.js';
import { assertMayDelete, assertSamePlan } from './assert-may-delete.js';
import { defaultDeletionCaps } from './deletion-caps.js';
import { planRetention } from './plan-retention.js';
import type { RetentionPlan } from './retention-plan.js';

/** Fleets to try. 100,000 unless LIFEBOAT_RETENTION_FLEETS says otherwise; a million takes some minutes. A failure prints its seed. */
const fleets = Number(process.env['LIFEBOAT_RETENTION_FLEETS'] ?? 100_000);

const week = days(7);
const sixHours = hours(6);

/** The floors once more, written against the sentences of the design and without the planner's code. */
function mustStay(machine: RetentionMachine): Set<RestorePointId> {
  const stay = new Set<RestorePointId>();
  const there = machine.points.filter((point) => point.condemned === null);
  const good = there.filter((point) => point.state === 'good');
  const keep = (point: RetentionPoint | undefined): void => {
    if (point !== undefined) stay.add(point.pointId);
  };
  keep(good.at(-1));
  keep(good.filter((point) => point.proofLevel !== null).at(-1));
  if (good.length === 0) keep(there.filter((point) => point.state === 'suspect').at(-1) ?? there.at(-1));
  for (const point of good.slice(-(machine.policy?.minKeep ?? 2))) keep(point);
  const recent = good.filter((point) => point.createdAtMs > testNowMs - week && point.createdAtMs <= testNowMs);
  const bucket = (point: RetentionPoint): number => (point.createdAtMs - (point.createdAtMs % sixHours)) / sixHours;
  recent.forEach((point, index) => {
    if (recent.findIndex((other) => bucket(other) === bucket(point)) === index) keep(point);
  });
  for (const [index, point] of machine.points.entries()) {
    if (point.held || point.inUse || point.pinnedUntilMs === 'forever' || (point.pinnedUntilMs ?? 0) > testNowMs || (point.immutableUntilMs ?? 0) > testNowMs) keep(point);
    if (point.condemned !== null) continue;
    const changedAtMs = machine.points[index + 1]?.createdAtMs ?? testNowMs;
    if (point.state !== 'damaged' && (point.lastBeforeLayoutChange || point.lastBeforeOsChange) && testNowMs - changedAtMs < days(30)) keep(point);
    if (point.state !== 'damaged' && point.lastBeforeAnomaly) keep(point);
    if (machine.anomaly) keep(point);
  }
  return stay;
}

/** Bytes freed when these points are gone, counted run by run. */
function freedBytes(machine: RetentionMachine, gone: ReadonlySet<RestorePointId>): number {
  if (machine.exclusive === null) return machine.points.filter((point) => gone.has(point.pointId)).reduce((sum, point) => sum + point.sizes.uniqueBytes, 0);
  let bytes = 0;
  for (const run of machine.exclusive) {
    let users = 0;
    let left = 0;
    for (const point of machine.points) {
      if (point.seq < run.firstSeq || point.seq > run.lastSeq) continue;
      users += 1;
      if (!gone.has(point.pointId)) left += 1;
    }
    if (users > 0 && left === 0) bytes += run.bytes;
  }
  return bytes;
}

function goneBy(state: RetentionState, plan: RetentionPlan, without?: RestorePointId): Set<RestorePointId> {
  const gone = new Set([...plan.prune, ...plan.purge].map((point) => point.pointId));
  const stays = new Set(state.machines.flatMap((machine) => [...mustStay(machine)]));
  for (const { pointId } of plan.condemned) if (!stays.has(pointId)) gone.add(pointId);
  if (without !== undefined) gone.delete(without);
  return gone;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function check({ state, simple }: RandomFleet, seed: number): void {
  let plan: RetentionPlan;
  try {
    plan = planRetention(state, testNowMs, testHash);
  } catch (error) {
    if (error instanceof QuotaBelowFloors) return;
    throw error;
  }
  const fail = (rule: string, facts: unknown = null): never => {
    throw new RuleBroken(`${rule}; seed ${String(seed)}; ${JSON.stringify(facts)}`);
  };
  const all = state.machines.flatMap((machine) => machine.points.map((point) => point.pointId));
  const listed = [...plan.keep, ...plan.prune, ...plan.purge, ...plan.condemned].map((point) => point.pointId);
  if (listed.length !== all.length || new Set(listed).size !== all.length) fail('every point is in exactly one list');
  for (const point of plan.keep) if (point.reasons.length === 0 || point.reasons.some((reason) => reason.text === '')) fail('every kept point has a reason', point);
  for (const point of [...plan.prune, ...plan.purge]) if (point.reason === '') fail('every point that goes has a reason', point);
  const goes = new Set([...plan.prune, ...plan.purge].map((point) => point.pointId));
  for (const machine of state.machines) for (const pointId of mustStay(machine)) if (goes.has(pointId)) fail('no floor is broken', pointId);
  checkSpace(state, plan, fail);
  checkCaps(state, plan, fail);
  if (simple) checkFairShare(state, plan, fail);
  if (seed % 4 === 0) assertSamePlan(plan, planRetention({ ...state, machines: state.machines.toReversed() }, testNowMs, testHash));
  assertMayDelete(state, testNowMs, { points: [...plan.prune, ...plan.purge], by: 'retention', approved: true });
  const waiting = new Set(plan.needsApproval.map((point) => point.pointId));
  assertMayDelete(state, testNowMs, { points: plan.prune.filter((point) => !waiting.has(point.pointId)), by: 'retention', approved: false });
}

class RuleBroken extends Error {}
type Fail = (rule: string, facts?: unknown) => never;

function checkSpace(state: RetentionState, plan: RetentionPlan, fail: Fail): void {
  const freed = (gone: ReadonlySet<RestorePointId>): number => sum(state.machines.map((machine) => freedBytes(machine, gone)));
  const { space } = state;
  const gone = goneBy(state, plan);
  const expected = space.freeBytes - space.reservedBytes + space.reclaimableBytes + freed(gone);
  if (expected !== plan.expectedFreeBytes) fail('gains are exact', { expected, planned: plan.expectedFreeBytes });
  const byPressure = plan.prune.filter((point) => point.code.startsWith('PRUNE_PRESSURE'));
  if (plan.pressure === 'green') {
    if (byPressure.length > 0 || plan.targetBytes > 0 || plan.shortfallBytes > 0) fail('green prunes nothing by pressure');
    return;
  }
  const mark = reliefMark({ total: space.sizeBytes, projectedFree: 0, reserve: space.reserveBytes }, state.settings);
  if (Math.max(0, mark - expected) !== plan.shortfallBytes) fail('the shortfall is what is missing', { mark, expected, shortfall: plan.shortfallBytes });
  const last = byPressure.at(-1);
  if (plan.shortfallBytes > 0 || plan.shortfallInodes > 0) {
    const loose = plan.keep.filter((point) => point.reasons.every((reason) => !reason.code.startsWith('FLOOR')));
    if (loose.length > 0) fail('a shortfall leaves nothing but floors', loose);
  } else if (last !== undefined && space.inodesTotal === 0) {
    const without = space.freeBytes - space.reservedBytes + space.reclaimableBytes + freed(goneBy(state, plan, last.pointId));
    if (without >= mark) fail('taking the last victim back misses the mark', { mark, without });
  }
}

function checkCaps(state: RetentionState, plan: RetentionPlan, fail: Fail): void {
  const waiting = new Set(plan.needsApproval.map((point) => point.pointId));
  const points = new Map(state.machines.flatMap((machine) => machine.points.map((point) => [point.pointId, point] as const)));
  // Red room spares what pressure chose; what goes by the calendar is bound all the same.
  const bound = plan.prune.filter((point) => plan.pressure !== 'red' || point.by !== 'pressure');
  const atOnce = bound.filter((point) => !waiting.has(point.pointId) && points.get(point.pointId)?.approval !== 'granted');
  for (const { pointId } of atOnce) if (testNowMs - (points.get(pointId)?.createdAtMs ?? 0) < days(7)) fail('nothing younger than 7 days goes at once', pointId);
  const past = state.pastDeletions.filter((one) => one.atMs > testNowMs - days(1));
  const alive = (machine: RetentionMachine): number => machine.points.filter((point) => point.condemned === null).length;
  for (const machine of state.machines) {
    const before = past.filter((one) => one.machineId === machine.machineId).length;
    const now = atOnce.filter((point) => point.machineId === machine.machineId).length;
    if (now > 0 && (before + now) * 100 > (alive(machine) + before) * defaultDeletionCaps.machinePercent) fail('20 % of a machine', { before, now });
  }
  if (atOnce.length > 0 && (past.length + atOnce.length) * 100 > (sum(state.machines.map(alive)) + past.length) * defaultDeletionCaps.storePercent) fail('5 % of all');
}

/** Where every gain stands alone: when a machine gave a point, none that used more for its weight then had one left to give, and none of its own points would have been missed less. */
function checkFairShare(state: RetentionState, plan: RetentionPlan, fail: Fail): void {
  const order = plan.prune.filter((point) => point.code.startsWith('PRUNE_PRESSURE'));
  if (order.length === 0) return;
  const chosen = new Set(order.map((point) => point.pointId));
  const gone = goneBy(state, plan);
  for (const pointId of chosen) gone.delete(pointId);
  const loose = new Set(plan.keep.filter((point) => point.reasons.every((reason) => !reason.code.startsWith('FLOOR'))).map((point) => point.pointId));
  const shareOf = (machine: RetentionMachine): number => (sum((machine.exclusive ?? []).map((run) => run.bytes)) - freedBytes(machine, gone)) / (machine.policy?.weight ?? 1);
  for (const { machineId, pointId } of order) {
    const giver = state.machines.find((machine) => machine.machineId === machineId);
    for (const other of state.machines) {
      if (giver === undefined || other === giver || shareOf(other) <= shareOf(giver)) continue;
      if (other.points.some((point) => (loose.has(point.pointId) || chosen.has(point.pointId)) && !gone.has(point.pointId))) fail('the machine furthest over its share gives', { pointId, other: other.name });
    }
    const rest = giver?.points.filter((point) => !gone.has(point.pointId)) ?? [];
    const willing = rest.filter((point) => loose.has(point.pointId) || chosen.has(point.pointId)).map((point) => ({ point, missed: howMissed(point, rest) }));
    const [least] = willing.sort((a, b) => a.missed[0] - b.missed[0] || a.missed[1] - b.missed[1] || a.point.seq - b.point.seq);
    if (least?.point.pointId !== pointId) fail('the point that is missed least goes', { pointId, least });
    gone.add(pointId);
  }
}

/** Damaged, suspect, granted, others; then the gap that its going leaves, for its age. */
function howMissed(point: RetentionPoint, rest: readonly RetentionPoint[]): readonly [number, number] {
  const at = rest.indexOf(point);
  const ageMs = Math.max(1, testNowMs - point.createdAtMs);
  const gapMs = (rest[at + 1]?.createdAtMs ?? testNowMs) - (rest[at - 1]?.createdAtMs ?? point.createdAtMs - ageMs);
  const good = point.approval === 'granted' ? 2 : 3;
  return [{ damaged: 0, suspect: 1, good }[point.state], Math.max(0, gapMs) / ageMs];
}

test(`${String(fleets)} random fleets: floors, one list each, exact gains, minimal, fair, within caps, preview is enforcement`, () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (seed) => {
      check(randomFleet(seed), seed);
    }),
    { numRuns: fleets, endOnFailure: true },
  );
}, 3_600_000);

test('the random fleets are worth trying: pressure, shortfalls, waiting deletions, purges and every kind of floor occur', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 3000; seed += 1) {
    try {
      const plan = planRetention(randomFleet(seed).state, testNowMs, testHash);
      seen.add(plan.pressure);
      if (plan.shortfallBytes > 0) seen.add('shortfall');
      if (plan.shortfallInodes > 0) seen.add('inodes');
      if (plan.targetBytes > 64 * MIB) seen.add('target');
      for (const point of plan.purge) seen.add(point.reason);
      for (const point of plan.prune) seen.add(point.code);
      for (const point of plan.needsApproval) seen.add(point.cap);
      for (const point of plan.keep) for (const reason of point.reasons) seen.add(reason.code);
    } catch (error) {
      if (!(error instanceof QuotaBelowFloors)) throw error;
      seen.add(error.code);
    }
  }
  expect([...seen].sort()).toMatchSnapshot();
});
