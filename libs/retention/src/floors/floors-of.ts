import { days, defaultRetentionPolicy, hours, type RestorePointId } from '@lifeboat/model';
import type { RetentionMachine, RetentionPoint } from '../state/retention-state.js';
import type { FloorCode, FloorReason } from './floor-codes.js';

/** For how long the last point before a change of the disk layout or the operating system stays. */
const changeHoldMs = days(30);
/** Within this time the first good point of each bucket stays: a flood of later points cannot push it out. */
const bucketWindowMs = days(7);
const bucketMs = hours(6);

const constantReasons = {
  FLOOR_PINNED: { code: 'FLOOR_PINNED', text: 'pinned' },
  FLOOR_HELD: { code: 'FLOOR_HELD', text: 'under legal hold' },
  FLOOR_IMMUTABLE: { code: 'FLOOR_IMMUTABLE', text: 'immutable until a date that has not come' },
  FLOOR_IN_USE: { code: 'FLOOR_IN_USE', text: 'in use by a restore, drill or backup' },
  FLOOR_NEWEST_GOOD: { code: 'FLOOR_NEWEST_GOOD', text: 'newest good point' },
  FLOOR_ONLY_COPY: { code: 'FLOOR_ONLY_COPY', text: 'best copy there is: the machine has no good point' },
  FLOOR_FIRST_OF_SIX_HOURS: { code: 'FLOOR_FIRST_OF_SIX_HOURS', text: 'first good point of its six hours, within the last 7 days' },
  FLOOR_BEFORE_LAYOUT_CHANGE: { code: 'FLOOR_BEFORE_LAYOUT_CHANGE', text: 'last point before the disk layout changed, for 30 days' },
  FLOOR_BEFORE_OS_CHANGE: { code: 'FLOOR_BEFORE_OS_CHANGE', text: 'last point before the operating system changed, for 30 days' },
  FLOOR_BEFORE_ANOMALY: { code: 'FLOOR_BEFORE_ANOMALY', text: 'last clean point before an anomaly that nobody has cleared' },
  FLOOR_ANOMALY_BRAKE: { code: 'FLOOR_ANOMALY_BRAKE', text: 'nothing of this machine goes until its anomaly is cleared' },
  FLOOR_SILENT_MACHINE: { code: 'FLOOR_SILENT_MACHINE', text: 'the machine went silent; its newest good and newest proven points stay' },
} as const satisfies Partial<Record<FloorCode, FloorReason>>;

/** Every floor of one machine at `nowMs`. */
export type Floors = ReadonlyMap<RestorePointId, readonly FloorReason[]>;

/**
 * Says which points of a machine no policy and no pressure may delete, and why.
 *
 * @param nowMs trusted time; pins and immutability end by it.
 * @returns only points that a floor holds. A condemned point is held by pin, hold, immutability and use only, which keep it from being purged; a damaged one satisfies no other floor.
 */
export function floorsOf(machine: RetentionMachine, nowMs: number): Floors {
  const floors = new Map<RestorePointId, FloorReason[]>();
  const add = (point: RetentionPoint, reason: FloorReason): void => {
    const reasons = floors.get(point.pointId);
    if (reasons === undefined) floors.set(point.pointId, [reason]);
    else reasons.push(reason);
  };
  const alive: RetentionPoint[] = [];
  for (const point of machine.points) {
    if (point.held) add(point, constantReasons.FLOOR_HELD);
    if (point.immutableUntilMs !== null && point.immutableUntilMs > nowMs) add(point, constantReasons.FLOOR_IMMUTABLE);
    if (point.pinnedUntilMs !== null && (point.pinnedUntilMs === 'forever' || point.pinnedUntilMs > nowMs)) add(point, constantReasons.FLOOR_PINNED);
    if (point.inUse) add(point, constantReasons.FLOOR_IN_USE);
    if (point.condemned === null) alive.push(point);
  }
  const good = alive.filter((point) => point.state === 'good');
  holdNewest(machine, { alive, good }, add);
  holdHistory(good, nowMs, add);
  holdBeforeChanges(machine.points, nowMs, add);
  if (machine.anomaly) for (const point of alive) add(point, constantReasons.FLOOR_ANOMALY_BRAKE);
  return floors;
}

type Add = (point: RetentionPoint, reason: FloorReason) => void;

/** The newest good points, the newest proven ones, and the best there is where nothing is good. */
function holdNewest(machine: RetentionMachine, points: Readonly<{ alive: readonly RetentionPoint[]; good: readonly RetentionPoint[] }>, add: Add): void {
  const { alive, good } = points;
  const newest = good.at(-1);
  if (newest === undefined) {
    const best = alive.findLast((point) => point.state === 'suspect') ?? alive.at(-1);
    if (best !== undefined) add(best, constantReasons.FLOOR_ONLY_COPY);
    return;
  }
  add(newest, constantReasons.FLOOR_NEWEST_GOOD);
  const proven = good.filter((point) => point.proofLevel !== null);
  const highest = proven.reduce((level, point) => Math.max(level, point.proofLevel ?? 0), 0);
  const newestProven = proven.at(-1);
  const highestProven = proven.findLast((point) => point.proofLevel === highest);
  // A newer point that passed a lesser drill does not replace the one that was seen to boot.
  for (const point of new Set([newestProven, highestProven])) {
    if (point !== undefined) add(point, { code: 'FLOOR_NEWEST_PROVEN', text: `newest point proven by a drill of level ${String(point.proofLevel)}` });
  }
  if (machine.silent) for (const point of new Set([newest, newestProven, highestProven])) if (point !== undefined) add(point, constantReasons.FLOOR_SILENT_MACHINE);
  const minKeep = (machine.policy ?? defaultRetentionPolicy).minKeep;
  for (const point of good.slice(-minKeep)) add(point, { code: 'FLOOR_MIN_KEEP', text: minKeep === 1 ? 'the newest good point always stays' : `one of the newest ${String(minKeep)} good points` });
}

function holdHistory(good: readonly RetentionPoint[], nowMs: number, add: Add): void {
  const buckets = new Set<number>();
  for (const point of good) {
    if (point.createdAtMs <= nowMs - bucketWindowMs || point.createdAtMs > nowMs) continue;
    const bucket = Math.floor(point.createdAtMs / bucketMs);
    if (buckets.has(bucket)) continue;
    buckets.add(bucket);
    add(point, constantReasons.FLOOR_FIRST_OF_SIX_HOURS);
  }
}

function holdBeforeChanges(points: readonly RetentionPoint[], nowMs: number, add: Add): void {
  points.forEach((point, index) => {
    if (point.condemned !== null || point.state === 'damaged') return;
    if (point.lastBeforeAnomaly) add(point, constantReasons.FLOOR_BEFORE_ANOMALY);
    if (!point.lastBeforeLayoutChange && !point.lastBeforeOsChange) return;
    const changedAtMs = points[index + 1]?.createdAtMs ?? nowMs;
    if (nowMs - changedAtMs >= changeHoldMs) return;
    if (point.lastBeforeLayoutChange) add(point, constantReasons.FLOOR_BEFORE_LAYOUT_CHANGE);
    if (point.lastBeforeOsChange) add(point, constantReasons.FLOOR_BEFORE_OS_CHANGE);
  });
}
