import { days, GIB, hours, MachineId, minutes, RestorePointId } from '@lifeboat/model';
import fc from 'fast-check';
import type { DrillBudget, DrillMachine, DrillPlan, DrillState, DrillTarget, PlannedDrill } from './drill-state.js';
import { dueDrills } from './due-drills.js';

const nowMs = Date.UTC(2026, 10, 20, 12);
const fleets = Number(process.env['LIFEBOAT_DRILL_FLEETS'] ?? 100_000);
const machineIdOf = (n: number): MachineId => MachineId.parse(n.toString(16).padStart(32, '0'));
const pointIdOf = (n: number): RestorePointId => RestorePointId.parse((n + 0x1000).toString(16).padStart(32, '0'));
const budget: DrillBudget = { workers: 2, memoryBytes: 4 * GIB, quietHours: [], timeZone: 'UTC' };

function target(changes: Partial<DrillTarget> = {}): DrillTarget {
  return { level: 3, everyMs: days(7), durationMs: minutes(10), memoryBytes: GIB, provenAtMs: nowMs - days(8), lastTry: null, inconclusiveInARow: 0, ...changes };
}

function machine(n: number, changes: Partial<DrillMachine> = {}): DrillMachine {
  return {
    machineId: machineIdOf(n), name: `PC-${String(n)}`, risk: 1, enrolledAtMs: nowMs - days(90), newestPoint: { pointId: pointIdOf(n), createdAtMs: nowMs - hours(6) }, changedAtMs: null, requestedAtMs: null,
    targets: [target()], ...changes,
  };
}

const planOf = (machines: readonly DrillMachine[], changes: Partial<DrillState> = {}): DrillPlan => dueDrills({ machines, running: [], budget, ...changes }, nowMs);
const all = (plan: DrillPlan): PlannedDrill[] => [...plan.start, ...plan.later];

describe('what is due', () => {
  test.each([
    { name: 'a proof that is too old', machine: machine(1), starts: [3], reason: /last proof at level 3 is 8 d .*old, overdue by 1 d/ },
    { name: 'a machine that was never proven', machine: machine(1, { targets: [target({ provenAtMs: null })] }), starts: [3], reason: /never proven/ },
    { name: 'a change of disks since the proof', machine: machine(1, { changedAtMs: nowMs - hours(1), targets: [target({ provenAtMs: nowMs - days(1) })] }), starts: [3], reason: /changed/ },
    { name: 'a request of an operator', machine: machine(1, { requestedAtMs: nowMs - 1, targets: [target({ provenAtMs: nowMs - hours(1) })] }), starts: [3], reason: /asked for/ },
    { name: 'an old proof at two levels: the higher one proves both', machine: machine(1, { targets: [target(), target({ level: 4, everyMs: days(7) })] }), starts: [4], reason: /level 4/ },
  ])('$name', ({ machine: one, starts, reason }) => {
    const { start } = planOf([one]);
    expect(start.map(({ level }) => level)).toEqual(starts);
    expect(start[0]?.reason).toMatch(reason);
  });

  test.each([
    { name: 'there is no point', machine: machine(1, { newestPoint: null }) },
    { name: 'this very point has failed already', machine: machine(1, { targets: [target({ lastTry: { atMs: nowMs - days(1), verdict: 'failed', pointId: pointIdOf(1) } })] }) },
  ])('nothing when $name', ({ machine: one }) => {
    expect(planOf([one])).toEqual({ start: [], later: [], impossible: [] });
  });

  test('a fresh proof is left alone for half its time, and a try that could not judge is made again later', () => {
    expect(planOf([machine(1, { targets: [target({ provenAtMs: nowMs - days(1) })] })]).later[0]?.startAtMs).toBe(nowMs - days(1) + days(3.5));
    const tried = (inconclusiveInARow: number): number => (planOf([machine(1, { targets: [target({ lastTry: { atMs: nowMs, verdict: 'inconclusive', pointId: pointIdOf(1) }, inconclusiveInARow })] })]).later[0]?.startAtMs ?? 0) - nowMs;
    expect([1, 2, 3, 12].map(tried)).toEqual([hours(1), hours(2), hours(4), days(1)]);
  });

  test('a failed point is drilled again when an operator asks after the failure', () => {
    const failed = target({ lastTry: { atMs: nowMs - hours(2), verdict: 'failed', pointId: pointIdOf(1) } });
    expect(planOf([machine(1, { requestedAtMs: nowMs - hours(1), targets: [failed] })]).start).toHaveLength(1);
  });
});

describe('what cannot be met is said in advance', () => {
  test('too many machines for one night: the riskiest come first and the rest is named late', () => {
    const fleet = Array.from({ length: 20 }, (_, n) => machine(n, { risk: n === 7 ? 5 : 1, targets: [target({ provenAtMs: nowMs - days(7) + hours(1), durationMs: minutes(30) })] }));
    const plan = planOf(fleet);
    expect(all(plan).filter(({ late }) => !late)).toHaveLength(4);
    expect(all(plan).filter(({ late }) => late)).toHaveLength(16);
    expect(all(plan).find(({ machineId }) => machineId === machineIdOf(7))?.late).toBe(false);
    expect(all(plan).find(({ late }) => late)?.reason).toMatch(/after its deadline/);
  });

  test.each([
    { name: 'no worker', changes: { budget: { ...budget, workers: 0 } }, code: 'NO_WORKERS' },
    { name: 'more memory than there is', changes: { budget: { ...budget, memoryBytes: GIB - 1 } }, code: 'NEEDS_MORE_MEMORY' },
    { name: 'quiet hours around the clock', changes: { budget: { ...budget, quietHours: [{ fromMinute: 0, toMinute: 1440 }] } }, code: 'NO_TIME_OUTSIDE_QUIET_HOURS' },
  ])('$name', ({ changes, code }) => {
    expect(planOf([machine(1)], changes)).toMatchObject({ start: [], later: [], impossible: [{ machineId: machineIdOf(1), code }] });
  });
});

test('nothing runs in the quiet hours, on the day the clock changes either', () => {
  const berlin: DrillBudget = { ...budget, workers: 1, quietHours: [{ fromMinute: 22 * 60, toMinute: 3 * 60 }], timeZone: 'Europe/Berlin' };
  const before = Date.UTC(2026, 9, 24, 19, 30);
  const plan = dueDrills({ machines: Array.from({ length: 40 }, (_, n) => machine(n, { targets: [target({ provenAtMs: null, durationMs: minutes(50) })] })), running: [], budget: berlin }, before);
  const hourOf = (ms: number): number => Number(new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', hour: '2-digit', hourCycle: 'h23' }).format(ms));
  expect(all(plan)).toHaveLength(40);
  for (const { startAtMs, endAtMs } of all(plan)) for (let at = startAtMs; at < endAtMs; at += minutes(10)) expect(hourOf(at) >= 3 && hourOf(at) < 22).toBe(true);
});

describe(`over ${String(fleets)} random fleets`, () => {
  const arbTarget = fc.record({
    level: fc.constantFrom<3 | 4>(3, 4), everyMs: fc.constantFrom(days(1), days(7), days(30)), durationMs: fc.integer({ min: 1, max: 12 }).map((n) => minutes(n * 20)), memoryBytes: fc.integer({ min: 1, max: 5 }).map((n) => n * GIB),
    provenAtMs: fc.option(fc.integer({ min: 0, max: 2000 }).map((n) => nowMs - hours(n)), { nil: null }), lastTry: fc.constant(null), inconclusiveInARow: fc.constant(0),
  });
  const arbState: fc.Arbitrary<DrillState> = fc.record({
    machines: fc.array(fc.record({ risk: fc.constantFrom(1, 3), ageHours: fc.integer({ min: 0, max: 48 }), targets: fc.array(arbTarget, { minLength: 1, maxLength: 2 }) }), { maxLength: 5 })
      .map((list) => list.map(({ risk, ageHours, targets }, n) => machine(n, { risk, newestPoint: { pointId: pointIdOf(n), createdAtMs: nowMs - hours(ageHours) }, targets }))),
    running: fc.array(fc.record({ n: fc.integer({ min: 0, max: 8 }), endsAtMs: fc.integer({ min: 1, max: 300 }).map((n) => nowMs + minutes(n)), memoryBytes: fc.constant(GIB) }), { maxLength: 2 }).map((list) => list.map(({ n, ...rest }) => ({ machineId: machineIdOf(n), level: 3 as const, ...rest }))),
    budget: fc.record({ workers: fc.integer({ min: 0, max: 3 }), memoryBytes: fc.constantFrom(4 * GIB, 6 * GIB), quietHours: fc.oneof({ weight: 19, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.constant([{ fromMinute: 8 * 60, toMinute: 18 * 60 }]) }), timeZone: fc.constant('UTC') }),
  });

  test('the budget holds at every moment, nothing is drilled twice at a time, every miss is named, and equal states give equal plans', () => {
    let runs = 0;
    fc.assert(fc.property(arbState, (state) => {
      const plan = dueDrills(state, nowMs);
      const overbooked = state.running.length > state.budget.workers;
      const busy = [...all(plan), ...state.running.map((drill) => ({ ...drill, startAtMs: nowMs, endAtMs: drill.endsAtMs }))];
      for (const { startAtMs } of all(plan)) {
        const then = busy.filter((drill) => drill.startAtMs <= startAtMs && startAtMs < drill.endAtMs);
        if (then.length > state.budget.workers && !overbooked) throw new Error('too many workers');
        if (then.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0) > state.budget.memoryBytes) throw new Error('too much memory');
        if (new Set(then.map(({ machineId }) => machineId)).size < then.length && new Set(state.running.map(({ machineId }) => machineId)).size === state.running.length) throw new Error('a machine twice');
      }
      for (const { endAtMs, deadlineMs, late, startAtMs } of all(plan)) {
        if (late !== endAtMs > deadlineMs || startAtMs < nowMs) throw new Error('a miss that is not named');
      }
      runs += 1;
      if (runs % 10 !== 0) return;
      const again = dueDrills({ ...state, machines: [...state.machines] }, nowMs);
      if (JSON.stringify(again) !== JSON.stringify(plan)) throw new Error('not deterministic');
    }), { numRuns: Math.floor(fleets / 2) });
  });

  /** Whether unit drills can all meet their deadlines on so many workers: in every stretch that ends at a deadline there must be room for all that must lie in it. */
  const feasible = (deadlines: readonly number[], workers: number): boolean =>
    [...deadlines].sort((a, b) => a - b).every((deadline, index) => index < Math.floor(deadline) * workers);

  test('no deadline is missed that could be met', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 3 }), (slots, workers) => {
      const machines = slots.map((slot, n) => machine(n, { targets: [target({ everyMs: days(30), durationMs: hours(1), memoryBytes: 1, provenAtMs: nowMs + hours(slot) - days(30) })] }));
      const plan = dueDrills({ machines, running: [], budget: { ...budget, workers } }, nowMs);
      const misses = all(plan).filter(({ late }) => late).length;
      if (feasible(slots, workers) !== (misses === 0)) throw new Error(`${String(misses)} misses for ${JSON.stringify({ slots, workers })}`);
    }), { numRuns: Math.floor(fleets / 2) });
  });
});

test('a thousand machines are planned quickly enough to be planned every minute', () => {
  const fleet = Array.from({ length: 1000 }, (_, n) => machine(n, { targets: [target({ provenAtMs: nowMs - hours(n % 200) })] }));
  expect(all(planOf(fleet, { budget: { ...budget, workers: 4 } }))).toHaveLength(1000);
});
