import { days, defaultRetentionPolicy, GIB, hours } from '@lifeboat/model';
import { planRetention } from '../plan/plan-retention.js';
import { dailyPoints, testHash, testMachine, testNowMs, testState } from '../testing/fleet.js';
import { blastRadius, diffPlans } from './diff-plans.js';
import { simulateRetention } from './simulate-retention.js';

const old = (count: number, machine: number): ReturnType<typeof dailyPoints> => dailyPoints(count, machine);
const policy = { ...defaultRetentionPolicy, keepDaily: 14, minKeep: 1 };
const fleet = testState([1, 2, 3].map((number) => testMachine({ points: old(30, number), policy }, number)));

test('today\'s step is the plan that would run now', () => {
  const plan = planRetention(fleet, testNowMs, testHash);
  const { goes } = simulateRetention(fleet, testNowMs, { daysAhead: 0, hash: testHash });
  expect(goes.map(({ pointId }) => pointId)).toEqual(plan.prune.map(({ pointId }) => pointId));
  expect(goes.at(-1)?.freedSoFarBytes).toBe(48 * GIB);
  expect(goes.every((point) => point.needsApproval === plan.needsApproval.some((one) => one.pointId === point.pointId))).toBe(true);
});

test('machines go on in their rhythm, so that one slot a day falls out at the other end', () => {
  const { goes, days: simulated } = simulateRetention(fleet, testNowMs, { daysAhead: 5, hash: testHash });
  expect(simulated).toHaveLength(6);
  for (let day = 1; day <= 5; day += 1) {
    const today = goes.filter((point) => point.atMs === testNowMs + days(day));
    expect(today.map((point) => fleet.machines.find((machine) => machine.machineId === point.machineId)?.points.find((one) => one.pointId === point.pointId)?.seq)).toEqual([16 + day, 16 + day, 16 + day]);
  }
});

test('expected points are never listed, and machines that are silent or under an anomaly make none', () => {
  const machines = fleet.machines.map((machine, index) => ({ ...machine, silent: index === 1, anomaly: index === 2 }));
  const { goes } = simulateRetention({ ...fleet, machines }, testNowMs, { daysAhead: 40, hash: testHash });
  const known = new Set(machines.flatMap((machine) => machine.points.map((point) => point.pointId)));
  expect(goes.every((point) => known.has(point.pointId))).toBe(true);
  const count = (index: number): number => goes.filter((point) => point.machineId === machines[index]?.machineId).length;
  expect([count(0), count(1), count(2)]).toEqual([30, 16, 0]);
});

test('growth eats room until pressure takes points', () => {
  const machines = [testMachine({ points: old(60, 1).map((point) => ({ ...point, createdAtMs: point.createdAtMs - hours(1) })) })];
  const state = testState(machines, { space: { sizeBytes: 100 * GIB, previousSizeBytes: null, freeBytes: 20 * GIB, reserveBytes: 2 * GIB } });
  const { goes, days: simulated } = simulateRetention(state, testNowMs, { daysAhead: 10, hash: testHash });
  expect(simulated.map((day) => day.pressure).slice(0, 7)).toEqual(['green', 'green', 'green', 'green', 'green', 'green', 'yellow']);
  expect(goes[0]).toMatchObject({ by: 'pressure', atMs: testNowMs + days(6) });
});

test('the blast radius of a change names its machines and the points it costs in a week', () => {
  const draft = { policies: new Map([1, 2].map((number) => [fleet.machines[number - 1]?.machineId ?? testMachine({ points: [] }).machineId, { ...policy, keepDaily: number === 1 ? 10 : 14 }])) };
  const radius = blastRadius(fleet, testNowMs, { draft, hash: testHash });
  expect(radius.machines).toEqual([fleet.machines[0]?.machineId]);
  expect(radius.moreGo).toHaveLength(4);
  expect(radius).toMatchObject({ nowStay: [], freedBytes: 4 * GIB, daysAhead: 7 });
});

test('a gentler draft shows what stays, and settings can be tried as well', () => {
  const draft = { policies: new Map(fleet.machines.map((machine) => [machine.machineId, null])) };
  const radius = blastRadius(fleet, testNowMs, { draft, hash: testHash });
  expect(radius.machines).toHaveLength(3);
  expect(radius.moreGo).toEqual([]);
  expect(radius.nowStay.length).toBe(3 * (16 + 7));
  const { goes } = simulateRetention(testState(fleet.machines.map((machine) => ({ ...machine, policy: defaultRetentionPolicy }))), testNowMs, { daysAhead: 0, draft: { settings: { greenFreePercent: 60, yellowFreePercent: 55 } }, hash: testHash });
  expect(goes.every((point) => point.by === 'pressure')).toBe(true);
  expect(goes.length).toBeGreaterThan(0);
});

test('diffPlans takes each point for itself', () => {
  const [a, b, c] = planRetention(fleet, testNowMs, testHash).prune;
  if (a === undefined || b === undefined || c === undefined) throw new RangeError('too few');
  expect(diffPlans([a, b], [b, c])).toEqual({ moreGo: [c], nowStay: [a] });
});
