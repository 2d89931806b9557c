import { days, hours, minutes } from '@lifeboat/model';
import { Computer } from '@lifeboat/protocol';
import fc from 'fast-check';
import { ageBar, arrangeFleet, briefAge, countMoved, countStates, coverageSentence, parseStates, targetTickAt, toggleState } from './arrange-fleet.js';

const now = Date.parse('2026-11-20T12:00:00Z');
let made = 0;
const computer = (name: string, facts: Partial<Computer> = {}): Computer => ({
  ...Computer.parse({
    machineId: (++made).toString(16).padStart(32, '0'), name, state: 'protected', reason: 'Point 5 h old', lastPointAt: new Date(now - hours(5)).toISOString(), lastProof: null,
    online: true, lastSeenAt: null, enrolledAt: '2026-11-01T00:00:00Z', agentVersion: '0.1.0', points: 3, platform: 'linux',
  }),
  ...facts,
});

test('the most urgent come first, then by name with numbers in their order', () => {
  const rows = [computer('ws-10'), computer('ws-2'), computer('lap', { state: 'late' }), computer('db', { state: 'at_risk' })];
  expect(arrangeFleet(rows, { states: [], sort: 'urgency' }).map((row) => row.name)).toEqual(['db', 'lap', 'ws-2', 'ws-10']);
  expect(countStates(rows)).toMatchObject({ protected: 2, late: 1, at_risk: 1, paused: 0 });
});

test('the filter needs every word, in any of what the row says', () => {
  const rows = [computer('ws-1', { reason: 'Chain damaged' }), computer('ws-2', { online: false })];
  expect(arrangeFleet(rows, { q: ' WS damaged ', states: [], sort: 'name' }).map((row) => row.name)).toEqual(['ws-1']);
  expect(arrangeFleet(rows, { q: 'offline', states: [], sort: 'name' }).map((row) => row.name)).toEqual(['ws-2']);
  expect(arrangeFleet(rows, { states: ['late'], sort: 'name' })).toEqual([]);
});

test('a machine without a point is older than any', () => {
  const rows = [computer('a'), computer('b', { lastPointAt: null }), computer('c', { lastPointAt: new Date(now - days(9)).toISOString() })];
  expect(arrangeFleet(rows, { states: [], sort: 'age' }).map((row) => row.name)).toEqual(['b', 'c', 'a']);
});

test('states in the address', () => {
  expect(parseStates('late,nonsense,at_risk')).toEqual(['at_risk', 'late']);
  expect(toggleState(undefined, 'late')).toBe('late');
  expect(toggleState('late', 'at_risk')).toBe('at_risk,late');
  expect(toggleState('late', 'late')).toBeUndefined();
});

test('the coverage counts what would restore inside its own target', () => {
  const rows = [
    computer('a', { lastProof: { level: 4, at: new Date(now - days(3)).toISOString() } }),
    computer('b', { lastPointAt: new Date(now - days(3)).toISOString() }),
    computer('c', { lastPointAt: new Date(now - days(3)).toISOString(), rpoTargetMs: days(14) }),
    computer('d', { state: 'at_risk' }),
    computer('e', { lastPointAt: null }),
  ];
  expect(coverageSentence(rows, now)).toBe('2 of 5 machines restorable inside target · 1 proven in 30 d');
});

test('age bars never leave their box, and the tick is where age equals target', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: days(4000) }), fc.integer({ min: minutes(1), max: days(366) }), (ageMs, targetMs) => {
      const bar = ageBar(ageMs, targetMs);
      expect(bar.length).toBeGreaterThanOrEqual(0);
      expect(bar.length).toBeLessThanOrEqual(1);
      expect(bar.over).toBe(bar.cut || bar.length > targetTickAt || ageMs > targetMs);
    }),
  );
  expect(ageBar(hours(24), hours(24))).toEqual({ length: targetTickAt, cut: false, over: false });
  expect(ageBar(days(16), hours(24))).toEqual({ length: 1, cut: true, over: true });
});

test('brief ages and moved rows', () => {
  expect(briefAge(days(16) + hours(3))).toBe('16 d');
  expect(briefAge(30_000)).toBe('<1 min');
  expect(countMoved(['a', 'b', 'c'], ['a', 'c', 'b', 'd'])).toBe(3);
});
