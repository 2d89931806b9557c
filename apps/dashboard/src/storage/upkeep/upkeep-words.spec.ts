import { MIB } from '@lifeboat/model';
import { activitySentence, endSentence, gcSentence, scrubSentence } from './upkeep-words.js';

test('how a chore stands', () => {
  expect(activitySentence({ state: 'idle', phase: null, done: null, total: null })).toBe('Not running');
  expect(activitySentence({ state: 'running', phase: 'mark', done: 42, total: 100 })).toBe('Running: mark, 42 %');
  expect(activitySentence({ state: 'running', phase: null, done: null, total: null })).toBe('Running');
  expect(activitySentence({ state: 'paused', phase: 'read', done: 0, total: 0 })).toBe('Paused while backups need the disk: read');
});

test('how it ended', () => {
  expect(endSentence({ outcome: 'done', trigger: 'schedule', message: null })).toBe('done, by schedule');
  expect(endSentence({ outcome: 'failed', trigger: 'operator', message: 'the disk does not answer' })).toBe('failed, started by an operator: the disk does not answer');
});

const gc = { liveBytes: 0, liveChunks: 0, packsExamined: 4, condemnedPacks: 0, rewrittenPacks: 0, rescuedPacks: 0, deletedPacks: 3, keptDamagedPacks: 0, freedBytes: 84 * MIB, reclaimableBytes: 0, durationMs: 1 };
const scrub = { packsRead: 1, bytesRead: 64 * MIB, damagedPacks: 0, repairedChunks: 0, repairedBytes: 0, lostChunks: 0, oldestUnscrubbedAt: null };

test('what it found', () => {
  expect(gcSentence(gc)).toBe('84 MiB freed, 0 B still to reclaim; 4 packs examined, 3 deleted.');
  expect(gcSentence({ ...gc, keptDamagedPacks: 1 })).toMatch(/1 pack kept because it is damaged\.$/);
  expect(scrubSentence(scrub)).toBe('64 MiB in 1 pack read, everything whole.');
  expect(scrubSentence({ ...scrub, damagedPacks: 1, repairedBytes: MIB, lostChunks: 2 })).toBe('64 MiB in 1 pack read, 1 pack damaged: 1 MiB repaired, 2 chunks lost.');
});
