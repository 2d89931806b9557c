import fc from 'fast-check';
import { defaultBackupPolicy } from '../policy/backup-policy.js';
import { days, hours, minutes } from '../units.js';
import { decideMachineState, formatAge, type MachineEvidence } from './machine-state.js';

const now = days(1000);
const healthy: MachineEvidence = {
  enrolledAtMs: now - days(100), lastSeenAtMs: now - minutes(1), newestGoodPointAtMs: now - hours(3), damagedPoints: 0,
  lastProof: { level: 3, atMs: now - days(2) }, policy: defaultBackupPolicy,
};
const paused = { ...defaultBackupPolicy, pausedUntilMs: now + hours(1) };

test.each<{ what: string; evidence: Partial<MachineEvidence>; state: string; reason: RegExp }>([
  { what: 'a fresh, proven point', evidence: {}, state: 'protected', reason: /3 h old, proven at level 3 2 d ago/ },
  { what: 'a machine that is offline but backed up', evidence: { lastSeenAtMs: now - hours(3) }, state: 'protected', reason: /proven/ },
  { what: 'no point soon after enrolment', evidence: { newestGoodPointAtMs: null, enrolledAtMs: now - hours(5) }, state: 'pending', reason: /first full backup/ },
  { what: 'no point long after enrolment', evidence: { newestGoodPointAtMs: null, enrolledAtMs: now - days(3) }, state: 'at_risk', reason: /3 d after enrolment.*last seen 1 min ago/ },
  { what: 'no point, never seen', evidence: { newestGoodPointAtMs: null, lastSeenAtMs: null }, state: 'at_risk', reason: /never seen/ },
  { what: 'only damaged points', evidence: { newestGoodPointAtMs: null, damagedPoints: 2 }, state: 'at_risk', reason: /damaged or suspect/ },
  { what: 'only damaged points while paused', evidence: { newestGoodPointAtMs: null, damagedPoints: 2, policy: paused }, state: 'at_risk', reason: /damaged/ },
  { what: 'no point while paused', evidence: { newestGoodPointAtMs: null, policy: paused }, state: 'paused', reason: /no restore point yet/ },
  { what: 'an old point while paused', evidence: { newestGoodPointAtMs: now - days(9), policy: paused }, state: 'paused', reason: /9 d old/ },
  { what: 'a pause that is over', evidence: { policy: { ...defaultBackupPolicy, pausedUntilMs: now } }, state: 'protected', reason: /proven/ },
  { what: 'a point within the grace', evidence: { newestGoodPointAtMs: now - hours(28) }, state: 'protected', reason: /1 d 4 h old/ },
  { what: 'a point beyond the grace', evidence: { newestGoodPointAtMs: now - hours(29) }, state: 'late', reason: /1 d 5 h old, target 1 d/ },
  { what: 'a late point that is unproven too', evidence: { newestGoodPointAtMs: now - days(3), lastProof: null }, state: 'late', reason: /target/ },
  { what: 'no drill', evidence: { lastProof: null }, state: 'unproven', reason: /Never proven/ },
  { what: 'an old drill', evidence: { lastProof: { level: 5, atMs: now - days(31) } }, state: 'unproven', reason: /31 d old, target 30 d/ },
  { what: 'a point of the future, by a clock that was set back', evidence: { newestGoodPointAtMs: now + hours(1) }, state: 'protected', reason: /under a minute old/ },
])('$what is $state', ({ evidence, state, reason }) => {
  const verdict = decideMachineState({ ...healthy, ...evidence }, now);
  expect(verdict.state).toBe(state);
  expect(verdict.reason).toMatch(reason);
});

test('nothing but a fresh and proven point makes a machine protected', () => {
  const arbTime = fc.option(fc.integer({ min: now - days(60), max: now }));
  fc.assert(fc.property(fc.record({ newestGoodPointAtMs: arbTime, provenAtMs: arbTime, damagedPoints: fc.nat(2), isPaused: fc.boolean() }), ({ newestGoodPointAtMs, provenAtMs, damagedPoints, isPaused }) => {
    const lastProof = provenAtMs === null ? null : { level: 1, atMs: provenAtMs };
    const { state } = decideMachineState({ ...healthy, newestGoodPointAtMs, lastProof, damagedPoints, policy: isPaused ? paused : defaultBackupPolicy }, now);
    const proven = newestGoodPointAtMs !== null && now - newestGoodPointAtMs <= hours(28.8) && provenAtMs !== null && now - provenAtMs <= days(30) && !isPaused;
    expect(state === 'protected').toBe(proven);
  }));
});

test.each([
  { ageMs: 0, words: 'under a minute' }, { ageMs: 59_999, words: 'under a minute' }, { ageMs: 60_000, words: '1 min' }, { ageMs: hours(1) - 1, words: '59 min' },
  { ageMs: hours(1), words: '1 h' }, { ageMs: days(1) - 1, words: '23 h' }, { ageMs: days(1), words: '1 d' }, { ageMs: days(3) + hours(4), words: '3 d 4 h' },
])('$ageMs ms is "$words"', ({ ageMs, words }) => {
  expect(formatAge(ageMs)).toBe(words);
});
