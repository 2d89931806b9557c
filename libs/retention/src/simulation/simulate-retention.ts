import { days, type MachineId, type RestorePointId, type RetentionPolicy, type StoreSettings } from '@lifeboat/model';
import type { HashText } from '../plan/plan-hash.js';
import { planRetention } from '../plan/plan-retention.js';
import type { PrunedPoint, RetentionPlan } from '../plan/retention-plan.js';
import type { Pressure, RetentionMachine, RetentionState } from '../state/retention-state.js';
import { rhythmOf, withExpectedPoint } from './expected-points.js';

/** What somebody thinks of changing: settings of the store, and policies by machine (null is one that cannot be parsed). */
export type RetentionDraft = Readonly<{ settings?: Partial<StoreSettings>; policies?: ReadonlyMap<MachineId, RetentionPolicy | null> }>;

/** `daysAhead` 0 is now only; at most 366. */
export type SimulationOptions = Readonly<{ daysAhead: number; draft?: RetentionDraft; hash: HashText }>;

/** A point that would go, when, and what has been freed by then. */
export type SimulatedPrune = PrunedPoint & Readonly<{ atMs: number; freedSoFarBytes: number; needsApproval: boolean }>;

/** The store on one day, after that day's run. */
export type SimulatedDay = Readonly<{ atMs: number; pressure: Pressure; freeBytes: number; shortfallBytes: number }>;
export type RetentionSimulation = Readonly<{ goes: readonly SimulatedPrune[]; days: readonly SimulatedDay[] }>;

const maxDays = 366;

/** The state as it would be with the draft in force. */
export function withDraft(state: RetentionState, draft: RetentionDraft): RetentionState {
  const { policies } = draft;
  const machines = policies === undefined ? state.machines : state.machines.map((machine) => ({ ...machine, policy: policies.has(machine.machineId) ? (policies.get(machine.machineId) ?? null) : machine.policy }));
  return { ...state, settings: { ...state.settings, ...draft.settings }, machines };
}

/**
 * Runs retention day by day into the future with the planner that really runs: machines go on making points in their rhythm, days fill, pins end.
 * Today's step has the plan that would run now. Deletions that would need approval are taken as approved and marked.
 *
 * @throws as {@link planRetention}
 */
export function simulateRetention(state: RetentionState, nowMs: number, options: SimulationOptions): RetentionSimulation {
  let current = withDraft(state, options.draft ?? {});
  const goes: SimulatedPrune[] = [];
  const simulated: SimulatedDay[] = [];
  const future = new ExpectedFuture(current);
  let freedSoFarBytes = 0;
  for (let day = 0; day <= Math.min(maxDays, Math.floor(options.daysAhead)); day += 1) {
    const atMs = nowMs + days(day);
    if (day > 0) current = future.advance(current, atMs);
    const plan = planRetention(current, atMs, options.hash);
    const waits = new Set(plan.needsApproval.map((point) => point.pointId));
    for (const point of plan.prune) {
      freedSoFarBytes += point.estimatedBytes;
      if (!future.isExpected(point.pointId)) goes.push({ ...point, atMs, freedSoFarBytes, needsApproval: waits.has(point.pointId) });
    }
    current = carryOut(current, plan);
    simulated.push({ atMs, pressure: plan.pressure, freeBytes: current.space.freeBytes, shortfallBytes: plan.shortfallBytes });
  }
  return { goes, days: simulated };
}

/** The points that machines will make. */
class ExpectedFuture {
  readonly #rhythms;
  readonly #expected = new Set<RestorePointId>();
  #points = 0;

  constructor(state: RetentionState) {
    this.#rhythms = new Map(state.machines.map((machine) => [machine.machineId, { rhythm: rhythmOf(machine), made: 0 }]));
  }

  isExpected(pointId: RestorePointId): boolean {
    return this.#expected.has(pointId);
  }

  /** The state at `atMs`, with the points made since. */
  advance(state: RetentionState, atMs: number): RetentionState {
    let storedBytes = 0;
    const machines = state.machines.map((machine) => {
      let grown: RetentionMachine = machine;
      const future = this.#rhythms.get(machine.machineId);
      if (future?.rhythm == null) return grown;
      const { rhythm } = future;
      for (;;) {
        const createdAtMs = rhythm.lastAtMs + rhythm.intervalMs * (future.made + 1);
        if (createdAtMs > atMs) return grown;
        future.made += 1;
        this.#points += 1;
        grown = withExpectedPoint(grown, rhythm, { number: this.#points, createdAtMs });
        const pointId = grown.points.at(-1)?.pointId;
        if (pointId !== undefined) this.#expected.add(pointId);
        storedBytes += rhythm.storedBytes;
      }
    });
    return { ...state, machines, clock: { wallMs: atMs, jumped: false, uncreditedMs: 0 }, space: spaceWith(state, -storedBytes) };
  }
}

/** The state after a plan, with everything it deletes gone at once and without a trace in the caps. */
function carryOut(state: RetentionState, plan: RetentionPlan): RetentionState {
  const gone = new Set([...plan.prune, ...plan.purge].map((point) => point.pointId));
  const freedBytes = [...plan.prune, ...plan.purge].reduce((sum, point) => sum + point.estimatedBytes, 0);
  const machines = gone.size === 0 ? state.machines : state.machines.map((machine) => ({ ...machine, points: machine.points.filter((point) => !gone.has(point.pointId)) }));
  return { ...state, machines, pressureBefore: plan.pressure, space: spaceWith(state, freedBytes) };
}

function spaceWith({ space }: RetentionState, changeBytes: number): RetentionState['space'] {
  const freeBytes = Math.min(space.sizeBytes, space.freeBytes + changeBytes);
  return { ...space, freeBytes: space.quotaBytes === null ? Math.max(0, freeBytes) : freeBytes };
}
