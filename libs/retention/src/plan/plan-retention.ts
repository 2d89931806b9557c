import { ZoneCalendar } from '../calendar/zone-calendar.js';
import { QuotaBelowFloors } from '../errors.js';
import { MachineGains } from '../pressure/machine-gains.js';
import { bytesOf, inodesOf, pressureOf, quarantineMs, reliefMark, type Supply } from '../pressure/pressure-of.js';
import { inodesFreedBy, relievePressure, type Shortage } from '../pressure/relieve-pressure.js';
import { assertRetentionState } from '../state/assert-retention-state.js';
import type { Pressure, RetentionMachine, RetentionState } from '../state/retention-state.js';
import { deletionCaps } from './deletion-caps.js';
import { judgeMachine, type PointVerdict } from './judge-machine.js';
import { planHashOf, type HashText } from './plan-hash.js';
import type { KeptPoint, PointRef, PrunedPoint, PurgedPoint, RetentionPlan } from './retention-plan.js';

/** A machine on its way through the plan. */
type Judged = Readonly<{ machine: RetentionMachine; gains: MachineGains; verdicts: readonly PointVerdict[] }>;
type Settled = Readonly<{ prune: readonly PrunedPoint[]; purge: readonly PurgedPoint[]; freedBytes: number; freedInodes: number }>;

/**
 * Decides which points stay and which go: calendar first, then pressure, above the floors. Pure and deterministic; the order of `state.machines` does not matter. Preview, simulation and execution all call it.
 *
 * @param nowMs trusted time.
 * @param hash names the plan.
 * @returns every point of the state once, with its reasons. `prune` is in the order in which to delete.
 * @throws ClockUntrusted (CLOCK_UNTRUSTED), StoreShrank (STORE_SHRANK), RetentionPolicyInvalid (RETENTION_POLICY_INVALID), TimeZoneUnknown (TIME_ZONE_UNKNOWN),
 *   RetentionStateInvalid (RETENTION_STATE_INVALID), QuotaBelowFloors (QUOTA_BELOW_FLOORS): nothing may be deleted. Cost: O(n log n); some seconds of CPU for 500,000 points under pressure.
 */
export function planRetention(state: RetentionState, nowMs: number, hash: HashText): RetentionPlan {
  assertRetentionState(state, nowMs);
  const { settings, space } = state;
  const pressure = pressureOf(space, settings, state.pressureBefore);
  const options = { calendar: ZoneCalendar.of(settings.timeZone), nowMs, undeleteMs: quarantineMs(pressure, settings) };
  const judged = state.machines.toSorted((a, b) => compare(a.machineId, b.machineId)).map((machine): Judged => ({ machine, gains: new MachineGains(machine), verdicts: judgeMachine(machine, options) }));
  const settled = settleCalendar(judged);
  const shortage = shortageOf(state, pressure, settled);
  const relief = relievePressure(judged.map(thinnableOf), shortage, nowMs);
  const shortfallBytes = Math.max(0, shortage.bytes - relief.freedBytes);
  const freedBytes = settled.freedBytes + relief.freedBytes;
  assertQuotaHoldsFloors(state, shortfallBytes, freedBytes);
  const prune = [...settled.prune, ...relief.prune];
  const actions = { stateVersion: state.stateVersion, prune, purge: settled.purge, needsApproval: deletionCaps(state, nowMs, prune) };
  return {
    planHash: planHashOf(actions, hash),
    ...actions,
    pressure,
    keep: judged.flatMap(keptOf),
    condemned: judged.flatMap(({ machine, verdicts }) => verdicts.filter((verdict) => verdict.kind === 'condemned').map(({ point }): PointRef => ({ machineId: machine.machineId, pointId: point.pointId }))),
    targetBytes: shortage.bytes,
    expectedFreeBytes: bytesOf(space).projectedFree + space.reclaimableBytes + freedBytes,
    shortfallBytes,
    shortfallInodes: Math.max(0, shortage.inodes - relief.freedInodes),
  };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Lets go what calendar, purges and earlier decisions take, and counts what that frees. */
function settleCalendar(judged: readonly Judged[]): Settled {
  const prune: PrunedPoint[] = [];
  const purge: PurgedPoint[] = [];
  let freedBytes = 0;
  let freedInodes = 0;
  for (const { machine, gains, verdicts } of judged) {
    const goes = (verdict: PointVerdict): number => {
      const bytes = gains.remove(verdict.index);
      freedBytes += bytes;
      freedInodes += inodesFreedBy(bytes);
      return bytes;
    };
    const { machineId } = machine;
    for (const verdict of verdicts) if (verdict.kind === 'purge') purge.push({ machineId, pointId: verdict.point.pointId, reason: verdict.reason, estimatedBytes: goes(verdict) });
    // Points that can still be brought back will be gone soon; counting them now spares others.
    for (const verdict of verdicts) if (verdict.kind === 'condemned' && !verdict.onFloor) goes(verdict);
    for (const verdict of verdicts) {
      if (verdict.kind === 'prune') prune.push({ machineId, pointId: verdict.point.pointId, code: verdict.code, reason: verdict.reason, by: verdict.by, estimatedBytes: goes(verdict) });
    }
  }
  return { prune, purge, freedBytes, freedInodes };
}

function shortageOf(state: RetentionState, pressure: Pressure, settled: Settled): Shortage {
  if (pressure === 'green') return { bytes: 0, inodes: 0 };
  const missing = (supply: Supply, coming: number): number => Math.max(0, reliefMark(supply, state.settings) - supply.projectedFree - coming);
  const inodes = inodesOf(state.space);
  return { bytes: missing(bytesOf(state.space), state.space.reclaimableBytes + settled.freedBytes), inodes: inodes === null ? 0 : missing(inodes, settled.freedInodes) };
}

function thinnableOf({ machine, gains, verdicts }: Judged): Readonly<{ machine: RetentionMachine; gains: MachineGains; indexes: number[] }> {
  const indexes: number[] = [];
  for (const verdict of verdicts) if (verdict.kind === 'keep' && !verdict.onFloor) indexes.push(verdict.index);
  return { machine, gains, indexes };
}

function keptOf({ machine, gains, verdicts }: Judged): KeptPoint[] {
  const kept: KeptPoint[] = [];
  for (const verdict of verdicts) {
    if (verdict.kind === 'keep' && !gains.isGone(verdict.index)) kept.push({ machineId: machine.machineId, pointId: verdict.point.pointId, reasons: verdict.reasons });
  }
  return kept;
}

/** Where not even the floors fit, deleting everything else would cost history and not help. */
function assertQuotaHoldsFloors({ space }: RetentionState, shortfallBytes: number, freedBytes: number): void {
  if (space.quotaBytes === null || shortfallBytes === 0) return;
  const floorBytes = space.sizeBytes - space.freeBytes - space.reclaimableBytes - freedBytes;
  if (floorBytes > space.quotaBytes) throw new QuotaBelowFloors({ quotaBytes: space.quotaBytes, floorBytes });
}
