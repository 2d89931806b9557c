import { GIB } from '@lifeboat/model';
import { DeletionRequestView, RetentionRunView } from '@lifeboat/protocol';
import { lastRunSentence, requestedPoints, runSentence } from './retention-words.js';

const request = (...computers: string[]): DeletionRequestView =>
  DeletionRequestView.parse({
    requestId: 'a'.repeat(32), state: 'waiting', points: computers.map((computer) => ({ computer, machineId: 'b'.repeat(32), id: 'c'.repeat(32) })), reason: 'x', actor: 'anna', requestedAt: '', executeAfter: '', decidedBy: null, decidedAt: null,
  });

test('requests name their machines, and count when there are many', () => {
  expect(requestedPoints(request('WS-1'))).toBe('1 point of WS-1');
  expect(requestedPoints(request('WS-2', 'WS-1', 'WS-2'))).toBe('3 points of WS-1 and WS-2');
  expect(requestedPoints(request('a', 'b', 'c', 'd', 'e'))).toBe('5 points of a, b, c and 2 more machines');
});

const idle: RetentionRunView = RetentionRunView.parse({ state: 'idle', trigger: null, phase: null, round: null, startedAt: null, last: null });
const last = { planHash: 'f'.repeat(64), startedAt: '', finishedAt: '', outcome: 'done' as const, code: null, message: null, rounds: 1, condemnedPoints: 41, purgedPoints: 3, freedBytes: 2 * GIB, shortfallBytes: 0, waitingForApproval: 0 };

test('runs in words', () => {
  expect(runSentence(idle)).toBe('Retention is not running');
  expect(runSentence({ ...idle, state: 'running', trigger: 'pressure', phase: 'collect', round: 2 })).toBe('Retention runs because room is tight: collecting garbage, round 2 of 3');
  expect(lastRunSentence(last)).toBe('done: 41 marked, 3 removed, 2 GiB reclaimed');
  expect(lastRunSentence({ ...last, waitingForApproval: 4, shortfallBytes: GIB })).toBe('done: 41 marked, 3 removed, 2 GiB reclaimed; 4 wait for a second operator; 1 GiB short of the mark');
});
