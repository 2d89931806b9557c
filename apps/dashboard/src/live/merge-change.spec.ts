import { Computer, DashboardChange, Job } from '@lifeboat/protocol';
import { addPush, classifyPush, mergeComputers, mergeJobs } from './merge-change.js';

const hex = (n: number): string => n.toString(16).padStart(32, '0');
const computer = (n: number, name: string): Computer =>
  Computer.parse({
    machineId: hex(n), name, state: 'protected', reason: '', lastPointAt: null, lastProof: null, online: true, lastSeenAt: null,
    enrolledAt: '2026-11-01T00:00:00Z', agentVersion: '0.1.0', points: 0, platform: 'linux',
  });
const job = (n: number, state: Job['state']): Job =>
  Job.parse({
    jobId: hex(n), machineId: hex(1), computerName: 'a', kind: 'backup', trigger: 'admin', state, code: null, message: null, pointId: null,
    progress: null, rateBytesPerSecond: null, etaMs: null, createdAt: '2026-11-01T00:00:00Z', startedAt: null, finishedAt: null,
  });

test('a changed machine takes the place of the old row, a new one comes last', () => {
  const rows = [computer(1, 'a'), computer(2, 'b')];
  expect(mergeComputers(rows, [computer(3, 'c'), computer(1, 'a2')]).map((row) => row.name)).toEqual(['a2', 'b', 'c']);
  expect(mergeComputers(rows, [])).toBe(rows);
});

test('of two changes of one row the later wins', () => {
  expect(mergeComputers([computer(1, 'a')], [computer(1, 'x'), computer(1, 'y')]).map((row) => row.name)).toEqual(['y']);
});

test('new jobs come first, newest on top', () => {
  const merged = mergeJobs([job(1, 'running')], [job(2, 'queued'), job(3, 'queued'), job(1, 'done'), job(2, 'running')]);
  expect(merged.map((row) => [row.jobId, row.state])).toEqual([[hex(3), 'queued'], [hex(2), 'running'], [hex(1), 'done']]);
});

test('pushes in and out of turn', () => {
  expect(classifyPush(4, 5)).toBe('next');
  expect(classifyPush(4, 6)).toBe('gap');
  expect(classifyPush(4, 4)).toBe('old');
});

test('pushes add up until they are drawn', () => {
  const push = (seq: number, points: boolean): DashboardChange => ({ room: 'fleet', seq, computers: [computer(seq, 'n')], jobs: [], points });
  const pending = addPush(addPush(undefined, push(1, true)), push(2, false));
  expect(pending.points).toBe(true);
  expect(pending.computers).toHaveLength(2);
});
