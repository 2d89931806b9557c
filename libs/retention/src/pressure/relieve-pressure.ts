import { MIB } from '@lifeboat/model';
import type { PrunedPoint } from '../plan/retention-plan.js';
import type { RetentionMachine } from '../state/retention-state.js';
import { BinaryHeap } from './binary-heap.js';
import type { MachineGains } from './machine-gains.js';
import { MachineThinning, type Victim } from './machine-thinning.js';

/** A machine as pressure sees it: what of it may go, after calendar and purges took theirs. */
export type Thinnable = Readonly<{ machine: RetentionMachine; gains: MachineGains; indexes: readonly number[] }>;
export type Shortage = Readonly<{ bytes: number; inodes: number }>;
export type Relief = Readonly<{ prune: readonly PrunedPoint[]; freedBytes: number; freedInodes: number }>;

/** A point frees its own file; packs go when everything in them went. */
const packBytes = 64 * MIB;
/** Below this a point's history is worth more than its bytes, as long as others free more. */
const worthwhileBytesMax = MIB;

type Contender = Readonly<{ thinnable: Thinnable; thinning: MachineThinning }>;
/** How much of the store a machine uses for its weight, when it was queued. */
type Turn = Readonly<{ contender: Contender; share: number }>;

/** Inodes that freeing `bytes` with one point gives back at least. */
export function inodesFreedBy(bytes: number): number {
  return 1 + Math.floor(bytes / packBytes);
}

/**
 * Chooses points to prune until the shortage is over: again and again the machine that uses most for its weight gives the point it would miss least.
 *
 * First only points that free something worth mentioning go; when those are used up, the others, since runs of chunks are freed with the last of their points. Those among them that freed nothing in the
 * end come back when the mark was reached without them. So the last point chosen is always needed.
 *
 * Cost: O(n log n) for n points, and the runs of chunks that each choice frees.
 */
export function relievePressure(thinnables: readonly Thinnable[], shortage: Shortage, nowMs: number): Relief {
  const contenders = thinnables.filter((one) => one.indexes.length > 0).map((thinnable): Contender => ({ thinnable, thinning: new MachineThinning({ ...thinnable, nowMs }) }));
  const fairShare = fairShareOf(thinnables);
  const worthwhile = shortage.inodes > 0 ? 0 : Math.max(1, Math.min(worthwhileBytesMax, Math.floor(shortage.bytes / 100)));
  const left = { bytes: shortage.bytes, inodes: shortage.inodes };
  const order: Choice[] = [];
  for (const atLeast of [worthwhile, 0]) {
    const turns = new BinaryHeap<Turn>((a, b) => a.share > b.share || (a.share === b.share && a.contender.thinnable.machine.machineId < b.contender.thinnable.machine.machineId));
    for (const contender of contenders) {
      contender.thinning.reconsider();
      turns.push({ contender, share: shareOf(contender.thinnable) });
    }
    while (left.bytes > 0 || left.inodes > 0) {
      const turn = turns.pop();
      if (turn === undefined) break;
      const { contender, share } = turn;
      const victim = contender.thinning.next(atLeast);
      if (victim === undefined) continue;
      const bytes = contender.thinning.remove(victim);
      left.bytes -= bytes;
      left.inodes -= inodesFreedBy(bytes);
      order.push({ contender, victim, reason: reasonOf(victim, contender.thinnable.machine.name, share / fairShare) });
      turns.push({ contender, share: shareOf(contender.thinnable) });
    }
  }
  const needed = left.bytes > 0 || left.inodes > 0 || shortage.inodes > 0 ? order : withoutUseless(order);
  return settle(needed);
}

type Choice = Readonly<{ contender: Contender; victim: Victim; reason: string }>;

/** Gives back the latest choices first: they are the ones that were missed most. */
function withoutUseless(order: readonly Choice[]): Choice[] {
  const useless = new Set<Choice>();
  for (const choice of order.toReversed()) {
    const { gains } = choice.contender.thinnable;
    if (gains.gainOf(choice.victim.index) > 0) continue;
    gains.putBack(choice.victim.index);
    useless.add(choice);
  }
  return order.filter((choice) => !useless.has(choice));
}

/** Counts what each choice frees after the ones before it, now that it is known which they are. */
function settle(order: readonly Choice[]): Relief {
  for (const { contender, victim } of order.toReversed()) contender.thinnable.gains.putBack(victim.index);
  let freedBytes = 0;
  let freedInodes = 0;
  const prune = order.map(({ contender, victim, reason }): PrunedPoint => {
    const { machine, gains } = contender.thinnable;
    const estimatedBytes = gains.remove(victim.index);
    freedBytes += estimatedBytes;
    freedInodes += inodesFreedBy(estimatedBytes);
    return { machineId: machine.machineId, pointId: victim.point.pointId, code: victim.code, reason, by: victim.code === 'PRUNE_PRESSURE_DAMAGED' ? 'damage' : 'pressure', estimatedBytes };
  });
  return { prune, freedBytes, freedInodes };
}

function weightOf(machine: RetentionMachine): number {
  return machine.policy?.weight ?? 1;
}

function shareOf({ machine, gains }: Thinnable): number {
  return gains.usedBytes / weightOf(machine);
}

/** What one unit of weight would use if everybody had its share. */
function fairShareOf(thinnables: readonly Thinnable[]): number {
  let used = 0;
  let weights = 0;
  for (const { machine, gains } of thinnables) {
    used += gains.usedBytes;
    weights += weightOf(machine);
  }
  return used > 0 && weights > 0 ? used / weights : 1;
}

function reasonOf(victim: Victim, name: string, timesFairShare: number): string {
  const over = timesFairShare < 1.05 ? '' : `, which is ${timesFairShare.toFixed(1)} times over its fair share`;
  switch (victim.code) {
    case 'PRUNE_PRESSURE_DAMAGED': return `pressure: ${victim.point.state} point of ${name}${over}`;
    case 'PRUNE_PRESSURE_APPROVED': return `pressure: its deletion was approved; of ${name}${over}`;
    default: return `pressure: densest region of ${name}${over}`;
  }
}
