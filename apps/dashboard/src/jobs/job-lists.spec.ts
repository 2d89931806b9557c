import { Job } from '@lifeboat/protocol';
import { countOutcomes, doneShare, phaseSteps, splitJobs } from './job-lists.js';

const hex = (n: number): string => n.toString(16).padStart(32, '0');
const job = (n: number, facts: Partial<Job>): Job => ({
  ...Job.parse({
    jobId: hex(n), machineId: hex(1), computerName: 'a', kind: 'backup', trigger: 'admin', state: 'queued', code: null, message: null, pointId: null,
    progress: null, rateBytesPerSecond: null, etaMs: null, createdAt: '2026-11-20T10:00:00Z', startedAt: null, finishedAt: null,
  }),
  ...facts,
});

test('running jobs come before queued ones, finished ones from the newest', () => {
  const lists = splitJobs(
    [
      job(1, { state: 'queued', createdAt: '2026-11-20T08:00:00Z' }),
      job(2, { state: 'running', createdAt: '2026-11-20T09:00:00Z' }),
      job(3, { state: 'done', finishedAt: '2026-11-20T07:00:00Z' }),
      job(4, { state: 'failed', finishedAt: '2026-11-20T07:30:00Z' }),
      job(5, { state: 'done', finishedAt: '2026-11-19T07:30:00Z' }),
    ],
    Date.parse('2026-11-20T00:00:00Z'),
  );
  expect(lists.active.map((row) => row.jobId)).toEqual([hex(2), hex(1)]);
  expect(lists.finished.map((row) => row.jobId)).toEqual([hex(4), hex(3)]);
  expect(lists.earlier).toBe(1);
  expect(countOutcomes(lists.finished)).toEqual({ done: 1, warned: 0, failed: 1, other: 0 });
});

test('stages before the current one are done', () => {
  expect(phaseSteps('send').map((row) => row.step)).toEqual(['done', 'done', 'current', 'ahead']);
  expect(phaseSteps(null).every((row) => row.step === 'ahead')).toBe(true);
});

test('an unknown total is not shown as zero percent', () => {
  const bytes = { source: 0, used: 0, read: 0, changed: 0, sent: 0, stored: 0 };
  expect(doneShare(job(1, {}))).toBeNull();
  expect(doneShare(job(1, { progress: { phase: 'prepare', bytes, doneBytes: 0, totalBytes: 0 } }))).toBeNull();
  expect(doneShare(job(1, { progress: { phase: 'send', bytes, doneBytes: 30, totalBytes: 40 } }))).toBe(0.75);
});
