import { days, formatAge } from '@lifeboat/model';
import { demandOf, type Demand } from './demand.js';
import type { DrillPlan, DrillState, ImpossibleDrill, PlannedDrill } from './drill-state.js';
import { quietStretches, type QuietStretch } from './quiet-hours.js';
import { Timetable } from './timetable.js';

/** How far ahead is looked: longer than any usual interval between two proofs. */
const horizonMs = days(45);

/** Up to so many demands every order is tried when the usual ones leave something late. */
const exhaustiveMax = 6;
/** Beyond that, so many late ones are tried at the front of the queue. */
const repairsMax = 24;

/** `avoidable`: demands that this order makes late and another might not; `cost` sums their risks. */
type Draft = Readonly<{ planned: readonly PlannedDrill[]; impossible: readonly ImpossibleDrill[]; avoidable: readonly Demand[]; cost: number }>;
type Order = (a: Demand, b: Demand) => number;

const byId: Order = (a, b) => (a.machineId < b.machineId ? -1 : a.machineId > b.machineId ? 1 : a.level - b.level);
/** Ways to queue the demands; the one that breaks the least is taken. The first wins a draw, so that plans do not flicker. */
const orders: readonly Order[] = [
  (a, b) => a.deadlineMs - b.deadlineMs || b.risk - a.risk || byId(a, b),
  (a, b) => a.deadlineMs - a.durationMs - (b.deadlineMs - b.durationMs) || b.risk - a.risk || byId(a, b),
  (a, b) => b.risk / b.durationMs - a.risk / a.durationMs || a.deadlineMs - b.deadlineMs || byId(a, b),
  (a, b) => b.memoryBytes - a.memoryBytes || a.deadlineMs - b.deadlineMs || byId(a, b),
];

/**
 * Which drills to start now, which come later, and what cannot be met, said in advance. One drill of a machine at a time; never more workers or memory than the
 * budget has; nothing in quiet hours. A drill at a high level proves the lower ones, so of several due levels that the same run can prove only the highest is
 * planned. Deterministic: equal states give equal plans.
 *
 * Cost: demands squared at worst; a thousand machines take well under a second.
 */
export function dueDrills(state: DrillState, nowMs: number): DrillPlan {
  const demands = state.machines.flatMap((machine) => highestOnly(machine.targets.flatMap((target) => demandOf(machine, target, nowMs) ?? []), state, nowMs));
  const quiet = quietStretches(state.budget, nowMs, nowMs + horizonMs);
  const best = leastLate(demands, (queue) => place(queue, { state, nowMs, quiet }));
  const planned = [...best.planned].sort((a, b) => a.startAtMs - b.startAtMs || a.deadlineMs - b.deadlineMs || byId(demandLike(a), demandLike(b)));
  return { start: planned.filter(({ startAtMs }) => startAtMs <= nowMs), later: planned.filter(({ startAtMs }) => startAtMs > nowMs), impossible: best.impossible };
}

/** The queue that makes the least late: the usual orders, then what is late moved to the front one by one; of few demands every order there is. */
function leastLate(demands: readonly Demand[], placeAll: (queue: readonly Demand[]) => Draft): Draft {
  let queue = [...demands].sort(orders[0]);
  let best = placeAll(queue);
  const consider = (other: Demand[]): void => {
    const draft = placeAll(other);
    if (draft.cost < best.cost) [best, queue] = [draft, other];
  };
  for (const order of orders.slice(1)) if (best.cost > 0) consider([...demands].sort(order));
  if (best.cost > 0 && demands.length <= exhaustiveMax) {
    for (const other of permutations([...queue])) if (best.cost > 0) consider(other);
  }
  for (let tries = 0; best.cost > 0 && tries < repairsMax && tries < best.avoidable.length; tries += 1) {
    const late = best.avoidable[tries];
    if (late) consider([late, ...queue.filter((demand) => demand !== late)]);
  }
  return best;
}

function* permutations<T>(values: readonly T[]): Generator<T[]> {
  if (values.length <= 1) yield [...values];
  for (const [index, first] of values.entries()) {
    if (values.length > 1) for (const rest of permutations(values.filter((_, other) => other !== index))) yield [first, ...rest];
  }
}

/** Drops what a higher level that is wanted no later proves on the way, and what is running already. */
function highestOnly(demands: readonly Demand[], state: DrillState, nowMs: number): Demand[] {
  return demands.filter((demand) => {
    if (state.running.some(({ machineId, level }) => machineId === demand.machineId && level >= demand.level)) return false;
    return !demands.some((other) => other.level > demand.level && Math.max(other.releaseMs, nowMs) <= Math.max(demand.releaseMs, nowMs) && other.deadlineMs <= demand.deadlineMs);
  });
}

function place(demands: readonly Demand[], { state, nowMs, quiet }: Readonly<{ state: DrillState; nowMs: number; quiet: readonly QuietStretch[] }>): Draft {
  const { budget } = state;
  const table = new Timetable({ workers: budget.workers, memoryBytes: budget.memoryBytes, quiet });
  for (const { machineId, endsAtMs, memoryBytes } of state.running) table.reserve({ machineId, startMs: nowMs, endMs: Math.max(endsAtMs, nowMs + 1), memoryBytes });
  const planned: PlannedDrill[] = [];
  const impossible: ImpossibleDrill[] = [];
  const avoidable: Demand[] = [];
  for (const demand of demands) {
    const { machineId, pointId, level, durationMs, memoryBytes, deadlineMs } = demand;
    const startAtMs = budget.workers > 0 && memoryBytes <= budget.memoryBytes
      ? table.earliest({ machineId, durationMs, memoryBytes, notBeforeMs: Math.max(nowMs, demand.releaseMs) }, nowMs + horizonMs) : undefined;
    if (startAtMs === undefined) {
      impossible.push({ machineId, level, deadlineMs, ...whyImpossible(demand, state) });
      continue;
    }
    const endAtMs = startAtMs + durationMs;
    table.reserve({ machineId, startMs: startAtMs, endMs: endAtMs, memoryBytes });
    const late = endAtMs > deadlineMs;
    // What is overdue whatever one does costs the same in every order; what an order makes late counts with its risk.
    if (late && Math.max(nowMs, demand.releaseMs) + durationMs <= deadlineMs) avoidable.push(demand);
    const reason = late ? `${demand.reason}; will be ready ${formatAge(endAtMs - deadlineMs)} after its deadline` : demand.reason;
    planned.push({ machineId, pointId, level, startAtMs, endAtMs, deadlineMs, memoryBytes, reason, late });
  }
  return { planned, impossible, avoidable, cost: avoidable.reduce((sum, { risk }) => sum + risk, 0) };
}

function whyImpossible(demand: Demand, { budget }: DrillState): Pick<ImpossibleDrill, 'code' | 'reason'> {
  if (budget.workers < 1) return { code: 'NO_WORKERS', reason: 'no drill worker is connected' };
  if (demand.memoryBytes > budget.memoryBytes) return { code: 'NEEDS_MORE_MEMORY', reason: `the drill needs ${String(demand.memoryBytes)} bytes of memory, the workers may use ${String(budget.memoryBytes)}` };
  return { code: 'NO_TIME_OUTSIDE_QUIET_HOURS', reason: `the drill takes ${formatAge(demand.durationMs)}, and no such stretch is free outside the quiet hours` };
}

const demandLike = (planned: PlannedDrill): Demand => ({ ...planned, durationMs: planned.endAtMs - planned.startAtMs, risk: 1, releaseMs: planned.startAtMs });
