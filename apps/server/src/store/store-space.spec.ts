import type { Catalog } from '@lifeboat/catalog';
import type { BackupSession, Ingest } from '@lifeboat/ingest';
import { defaultStoreSettings, GIB, MIB, SessionId, type Clock } from '@lifeboat/model';
import type { Store, StoreStats } from '@lifeboat/store';
import type { ServerConfig } from '../config/server-config.js';
import type { JobBoard } from '../jobs/job-board.js';
import { needOf } from './session-needs.js';
import { StoreSpace, withQuota } from './store-space.js';

const stats: StoreStats = { sizeBytes: 100 * GIB, freeBytes: 50 * GIB, inodesTotal: 0, inodesFree: 0, packBytes: 40 * GIB, reclaimableBytes: 0, reserveBytes: 0, chunks: 1, packs: 1, plainBytes: 1 };
const counters = { receivedBytes: 0, plainBytes: 0, storedBytes: 0, refBytes: 0, entries: 0 };
const sessionOf = (digit: string, change: Partial<BackupSession> = {}): BackupSession => ({
  sessionId: SessionId.parse(digit.repeat(32)), machineId: digit.repeat(32), state: 'receiving', counters, request: { jobId: null }, ...change,
}) as BackupSession;

type World = Readonly<{ stats?: Partial<StoreStats>; sessions?: readonly BackupSession[]; lastStored?: number | null; usedBytes?: number; quotaBytes?: number | null }>;

/** Room as the service sees it, with everything around it in memory. */
function spaceOf({ stats: change = {}, sessions = [], lastStored = null, usedBytes, quotaBytes = null }: World): StoreSpace {
  const catalog = { retention: { settings: () => Promise.resolve(defaultStoreSettings) }, space: { memory: () => Promise.resolve(null) }, points: { listByMachine: () => Promise.resolve(lastStored === null ? [] : [{ bytes: { stored: lastStored } }]) } };
  const board = { progressOf: () => (usedBytes === undefined ? undefined : { bytes: { used: usedBytes } }) };
  const clock: Clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() };
  return new StoreSpace({ stats: () => Promise.resolve({ ...stats, ...change }) } as Store, { quotaBytes } as ServerConfig, clock, catalog as unknown as Catalog, { list: () => sessions } as unknown as Ingest, board as unknown as JobBoard);
}

test.each([
  { name: 'half free', free: 50 * GIB, pressure: 'green' }, { name: 'below 15 %', free: 14 * GIB, pressure: 'yellow' }, { name: 'below 8 %', free: 7 * GIB, pressure: 'orange' }, { name: 'only the reserve', free: GIB, pressure: 'red' },
])('$name is $pressure', async ({ free, pressure }) => {
  expect((await spaceOf({ stats: { freeBytes: free } }).measure()).pressure).toBe(pressure);
});

test('inodes run out like bytes', async () => {
  expect((await spaceOf({ stats: { inodesTotal: 1000, inodesFree: 70 } }).measure()).pressure).toBe('orange');
});

test('what running backups will still write counts', async () => {
  const measured = await spaceOf({ stats: { freeBytes: 20 * GIB }, sessions: [sessionOf('1'), sessionOf('2'), sessionOf('3', { state: 'committed' })], lastStored: 4 * GIB }).measure();
  expect(measured.room.reservedBytes).toBe(12 * GIB);
  expect(measured.pressure).toBe('yellow');
});

test('a red store parks every backup, an orange one only first ones, and none for its own need', async () => {
  const first = sessionOf('1');
  await expect(spaceOf({ stats: { freeBytes: GIB }, sessions: [first], lastStored: MIB }).assertRoom(first)).rejects.toMatchObject({ code: 'STORE_FULL', retry: 'later' });
  await expect(spaceOf({ stats: { freeBytes: 7 * GIB }, sessions: [first] }).assertRoom(first)).rejects.toMatchObject({ code: 'FIRST_BACKUPS_WAIT', retry: 'later' });
  await spaceOf({ stats: { freeBytes: 7 * GIB }, sessions: [first], lastStored: MIB }).assertRoom(first);
  // It may need all there is: alone it is let try.
  await spaceOf({ stats: { freeBytes: 30 * GIB }, sessions: [first], usedBytes: 90 * GIB }).assertRoom(first);
  const other = sessionOf('2');
  await expect(spaceOf({ stats: { freeBytes: 30 * GIB }, sessions: [first, other], usedBytes: 90 * GIB }).assertRoom(first)).rejects.toMatchObject({ code: 'STORE_FULL' });
  // Two that have begun do not wait for each other.
  const begun = sessionOf('1', { counters: { ...counters, plainBytes: 1 } });
  await spaceOf({ stats: { freeBytes: 30 * GIB }, sessions: [begun, other], usedBytes: 90 * GIB }).assertRoom(begun);
});

test('a quota is the size, and the reserve is free to those who may use it', () => {
  expect(withQuota({ ...stats, reserveBytes: GIB }, null)).toMatchObject({ sizeBytes: 100 * GIB, freeBytes: 51 * GIB });
  expect(withQuota(stats, { quotaBytes: 45 * GIB, besideBytes: 0 })).toMatchObject({ sizeBytes: 45 * GIB, freeBytes: 5 * GIB });
  expect(withQuota(stats, { quotaBytes: 45 * GIB, besideBytes: GIB })).toMatchObject({ sizeBytes: 45 * GIB, freeBytes: 4 * GIB });
  expect(withQuota(stats, { quotaBytes: 30 * GIB, besideBytes: 0 })).toMatchObject({ sizeBytes: 30 * GIB, freeBytes: 0 });
  expect(withQuota(stats, { quotaBytes: 400 * GIB, besideBytes: 0 })).toMatchObject({ sizeBytes: 100 * GIB, freeBytes: 50 * GIB });
});

test.each([
  { name: 'one and a half times the last increment', last: { storedBytes: 100 }, used: null, counters, bytes: 150 },
  { name: 'less what it has stored', last: { storedBytes: 100 }, used: null, counters: { ...counters, storedBytes: 120 }, bytes: 30 },
  { name: 'never below nothing', last: { storedBytes: 100 }, used: null, counters: { ...counters, storedBytes: 900 }, bytes: 0 },
  { name: 'all that is used, the first time', last: null, used: 1000, counters, bytes: 1000 },
  { name: 'unknown until the agent has said what is used', last: null, used: null, counters, bytes: 0 },
  { name: 'as well compressed as what has come', last: null, used: 1000 * MIB, counters: { ...counters, plainBytes: 200 * MIB, storedBytes: 50 * MIB }, bytes: 200 * MIB },
])('a session needs $name', ({ last, used, counters: taken, bytes }) => {
  expect(needOf(taken, last, used).bytes).toBe(bytes);
});
