import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { days, defaultRetentionPolicy, defaultStoreSettings, hours, minutes } from '@lifeboat/model';
import { SampleAgent } from '../testing/sample-agent.js';
import { backUp, SampleVolume } from '../testing/sample-backup.js';
import { ShiftedClock } from '../testing/shifted-clock.js';
import { TemporaryServer, type Answer } from '../testing/temporary-server.js';

type Body = Readonly<Record<string, unknown>>;
type VersionBody = Readonly<{ id: string; kept: string[]; codes: string[]; goes: string | null; deleted: unknown; pinned: boolean; bytes: { unique: number | null } }>;

let server: TemporaryServer;
let clock: ShiftedClock;
let agent: SampleAgent;
let seed = 0;
beforeAll(async () => {
  clock = new ShiftedClock();
  server = await TemporaryServer.start({ clock });
  agent = new SampleAgent(server, 'keeper');
  await agent.enrol(await server.enrolmentToken());
}, 120_000);
afterAll(async () => {
  agent.disconnect();
  await server.stop();
}, 60_000);

/** One point a day with content of its own, `count` of them. @returns their ids, oldest first. */
async function backUpDaily(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    clock.advance(days(1));
    agent.disconnect();
    await agent.connect();
    seed += 1;
    ids.push(await backUp(server, agent, new SampleVolume(seed, 12)));
  }
  return ids;
}

const ask = async (method: string, path: string, body?: unknown, token = server.token): Promise<Answer> => server.request(method, path, body, { authorization: `Bearer ${token}` });
const versions = async (): Promise<VersionBody[]> => (await ask('GET', '/api/v1/computers/keeper/versions')).body?.['versions'] as VersionBody[];
const version = async (id: string): Promise<VersionBody | undefined> => (await versions()).find((each) => each.id === id);
const on = (id: string, verb: string): string => `/api/v1/computers/keeper/versions/${id}/${verb}`;
const plan = async (query = ''): Promise<Body> => (await ask('GET', `/api/v1/retention/plan${query}`)).body ?? {};
const idsIn = (list: unknown): string[] => (list as { id: string }[]).map(({ id }) => id);

/** Runs retention to its end. */
async function runToEnd(planHash: string | null = null): Promise<Body> {
  let started = await ask('POST', '/api/v1/retention/run', { planHash });
  // Retention runs by itself after a start.
  while (started.body?.['code'] === 'RETENTION_BUSY') started = await ask('POST', '/api/v1/retention/run', { planHash });
  if (started.status !== 202) return { refused: started.body };
  for (;;) {
    const { body } = await ask('GET', '/api/v1/retention/run');
    const run = body?.['run'] as { state: string; last: Body };
    if (run.state === 'idle') return run.last;
  }
}

/** What lies in the folder of packs, as the filesystem counts it. */
function packFileBytes(): number {
  const folder = join(server.dataDir, 'store', 'packs');
  return readdirSync(folder, { recursive: true, withFileTypes: true }).reduce((sum, entry) => sum + (entry.isFile() ? statSync(join(entry.parentPath, entry.name)).size : 0), 0);
}

async function operator(label: string): Promise<string> {
  const { body } = await ask('POST', '/api/v1/operators', { label });
  return String(body?.['token']);
}

/** Caps so wide that tests need no second operator, unless they ask for one. */
const wide = { ...defaultStoreSettings, deletionCaps: { machinePercent: 100, storePercent: 100, youngMs: 0 } };
const setSettings = (settings: unknown): Promise<Answer> => ask('PUT', '/api/v1/retention/settings', { settings });

test('keeps everything until somebody decides, and says why', async () => {
  const ids = await backUpDaily(12);
  const list = await versions();
  expect(list).toHaveLength(12);
  expect(list[0]).toMatchObject({ id: ids.at(-1), goes: null, deleted: null });
  expect(list[0]?.codes).toEqual(expect.arrayContaining(['FLOOR_NEWEST_GOOD', 'KEEP_EVERYTHING']));
  expect(list.at(-1)?.kept).toEqual(['the policy keeps everything while there is room']);
  expect(await plan()).toMatchObject({ pressure: 'green', prune: [], purge: [], condemned: [], shortfallBytes: 0 });
  expect((await ask('GET', '/api/v1/retention')).body).toMatchObject({ settings: defaultStoreSettings, settingsSet: false, run: { state: 'idle' }, computers: [{ computer: 'keeper', fields: { keepDaily: { value: 0, origin: { kind: 'built-in' } } } }] });
}, 240_000);

test('a policy that deletes is saved only with what was seen, and the run is the plan that was shown', async () => {
  await setSettings(wide);
  const policy = { ...defaultRetentionPolicy, keepDaily: 9, keepMonthly: 0 };
  const body = { scope: { kind: 'default' }, policy };
  const radius = (await ask('POST', '/api/v1/retention/policies/blast-radius', body)).body ?? {};
  expect(radius).toMatchObject({ computers: [{ computer: 'keeper' }], kept: 0 });
  expect(idsIn(radius['deleted']).length).toBeGreaterThan(0);
  expect(await ask('PUT', '/api/v1/retention/policies', body)).toMatchObject({ status: 409, body: { code: 'CHANGE_NOT_CONFIRMED' } });
  expect((await ask('PUT', '/api/v1/retention/policies', { ...body, confirm: radius['confirm'] })).status).toBe(200);
  const shown = await plan();
  const oldest = (await versions()).slice(9).map(({ id }) => id);
  expect(idsIn(shown['prune']).sort()).toEqual([...oldest].sort());
  expect((await version(oldest[0] ?? ''))?.goes).toEqual(expect.stringMatching(/./));
  expect(await ask('POST', '/api/v1/retention/run', { planHash: '0'.repeat(64) })).toMatchObject({ status: 409, body: { code: 'PLAN_STALE' } });
  expect(await plan()).toMatchObject({ planHash: shown['planHash'] });
  expect(await runToEnd(String(shown['planHash']))).toMatchObject({ outcome: 'done', planHash: shown['planHash'], condemnedPoints: 3, purgedPoints: 0 });
  for (const id of oldest) expect(await version(id)).toMatchObject({ deleted: { by: 'calendar' }, codes: ['DELETED'] });
  expect((await ask('GET', '/api/v1/retention/deletions')).body?.['deletions']).toMatchObject(oldest.map(() => ({ by: 'calendar', actor: 'lifeboat', planHash: shown['planHash'] })));
}, 240_000);

test('what was deleted comes back, or is purged after three days with its bytes', async () => {
  const deleted = (await versions()).filter((each) => each.deleted !== null).map(({ id }) => id);
  const [first = '', ...others] = deleted;
  expect((await ask('POST', on(first, 'pin'), { reason: 'the last good one' })).status).toBe(200);
  expect(await ask('POST', on(first, 'undelete'), { reason: 'was needed' })).toMatchObject({ status: 200, body: { version: { deleted: null, pinned: true } } });
  expect(await ask('POST', on(first, 'undelete'), { reason: 'again' })).toMatchObject({ status: 400, body: { code: 'POINT_NOT_DELETED' } });
  clock.advance(hours(73));
  expect(await runToEnd()).toMatchObject({ outcome: 'done', purgedPoints: others.length });
  expect((await versions()).map(({ id }) => id)).not.toEqual(expect.arrayContaining(others));
  expect(await version(first)).toMatchObject({ pinned: true, codes: expect.arrayContaining(['FLOOR_PINNED']) as string[] });
}, 240_000);

test('deletions above the caps wait for another operator', async () => {
  await setSettings(defaultStoreSettings);
  const [newest = '', second = ''] = (await versions()).map(({ id }) => id);
  const bert = await operator('bert');
  expect(await ask('POST', on(newest, 'delete'), { confirm: 'keeper' })).toMatchObject({ status: 409, body: { code: 'POINT_IS_KEPT' } });
  expect(await ask('POST', on(second, 'delete'), { confirm: 'kepeer' })).toMatchObject({ status: 400, body: { code: 'DELETION_NOT_CONFIRMED' } });
  const asked = (await ask('POST', on(second, 'delete'), { confirm: 'keeper', reason: 'holds a secret' })).body ?? {};
  expect(asked).toMatchObject({ outcome: 'requested' });
  const approve = `/api/v1/deletion-requests/${String(asked['requestId'])}/approve`;
  expect(await ask('POST', approve)).toMatchObject({ status: 409, body: { code: 'SECOND_OPERATOR_REQUIRED' } });
  expect(await ask('POST', approve, undefined, bert)).toMatchObject({ status: 200, body: { request: { state: 'executed', decidedBy: 'bert' } } });
  expect(await version(second)).toMatchObject({ deleted: { by: 'operator', reason: 'holds a secret' } });
  expect(await ask('POST', approve, undefined, bert)).toMatchObject({ status: 409, body: { code: 'DELETION_DECIDED' } });
  // Brought back, it is not deleted by the same request again.
  await ask('POST', on(second, 'undelete'), { reason: 'no secret' });
  await runToEnd();
  expect(await version(second)).toMatchObject({ deleted: null });
  const again = (await ask('POST', on(second, 'delete'), { confirm: 'keeper' })).body ?? {};
  expect((await ask('POST', `/api/v1/deletion-requests/${String(again['requestId'])}/withdraw`, { reason: 'changed my mind' })).body).toMatchObject({ request: { state: 'withdrawn' } });
  clock.advance(hours(25));
  await runToEnd();
  expect(await version(second)).toMatchObject({ deleted: null });
}, 240_000);

test('holds are lifted by admins only, immutable points go for nobody, and a wall clock that jumps ends nothing', async () => {
  await setSettings(wide);
  const [, , third = '', fourth = ''] = (await versions()).map(({ id }) => id);
  const carl = await operator('carl');
  expect(await ask('POST', '/api/v1/operators', { label: 'carl' })).toMatchObject({ status: 409, body: { code: 'OPERATOR_LABEL_TAKEN' } });
  expect(await ask('POST', '/api/v1/operators', { label: 'dora' }, carl)).toMatchObject({ status: 403, body: { code: 'ADMIN_REQUIRED' } });
  await ask('POST', on(third, 'hold'), { reason: 'case 7' }, carl);
  expect(await ask('POST', on(third, 'delete'), { confirm: 'keeper' })).toMatchObject({ status: 409, body: { code: 'POINT_IS_KEPT' } });
  expect(await ask('POST', on(third, 'release'), { reason: 'x' }, carl)).toMatchObject({ status: 403, body: { code: 'ADMIN_REQUIRED' } });
  expect(await ask('POST', on(third, 'release'), { reason: 'closed' })).toMatchObject({ status: 200, body: { version: { held: null } } });
  expect(await ask('POST', on(fourth, 'freeze'), { until: clock.nowMs() - 1 })).toMatchObject({ status: 400, body: { code: 'DATE_OUT_OF_RANGE' } });
  expect((await ask('POST', on(fourth, 'freeze'), { until: clock.nowMs() + days(30) })).status).toBe(200);
  expect(await ask('POST', on(fourth, 'delete'), { confirm: 'keeper' })).toMatchObject({ status: 409, body: { code: 'POINT_IS_KEPT' } });
  expect(await ask('POST', on(third, 'delete'), { confirm: 'keeper' })).toMatchObject({ status: 200, body: { outcome: 'deleted' } });
  clock.setWallClock(days(3650));
  clock.advance(minutes(2));
  expect(await ask('GET', '/api/v1/retention/plan')).toMatchObject({ status: 503, body: { code: 'CLOCK_UNTRUSTED' } });
  expect(await runToEnd()).toMatchObject({ refused: { code: 'CLOCK_UNTRUSTED' } });
  expect((await version(fourth))?.codes).toEqual(['CLOCK_UNTRUSTED']);
  clock.setWallClock(-days(3650));
  expect(await plan()).toMatchObject({ pressure: 'green' });
}, 240_000);

test('simulations answer for other room, other times and drafts, and change nothing', async () => {
  const before = await versions();
  const tight = await plan('?free=1000');
  expect(tight).toMatchObject({ pressure: 'red' });
  const lenient = (await ask('POST', '/api/v1/retention/simulation', { draft: { scope: { kind: 'machine', machineId: agent.machineId }, policy: defaultRetentionPolicy } })).body ?? {};
  expect(lenient).toMatchObject({ moreDeleted: 0, plan: { prune: [] } });
  expect(await ask('GET', '/api/v1/retention/plan?free=-1')).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
  expect(await setSettings({ ...wide, timeZone: 'Mars/Olympus' })).toMatchObject({ status: 400, body: { code: 'TIME_ZONE_UNKNOWN' } });
  expect(await setSettings({ ...wide, greenFreePercent: 1 })).toMatchObject({ status: 503, body: { code: 'RETENTION_STATE_INVALID' } });
  expect(await ask('PUT', '/api/v1/retention/policies', { scope: { kind: 'default' }, policy: { ...defaultRetentionPolicy, keepDaily: -1 } })).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
  expect((await versions()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
}, 240_000);

test('the store tells its watermarks, its forecast and whose its bytes are; all of it outlives a restart', async () => {
  const { body } = await ask('GET', '/api/v1/store');
  expect(body).toMatchObject({ pressure: 'green', watermarks: { reserveBytes: expect.any(Number) as number }, forecast: { fullAt: null, reason: { code: 'FORECAST_SHORT_HISTORY' } } });
  expect(body?.['mountPoint']).toMatch(/^\//);
  await ask('PUT', '/api/v1/computers/keeper/tags', { tags: ['lab', 'b'] });
  const pinned = (await versions()).filter((each) => each.pinned).map(({ id }) => id);
  await server.restart({ clock });
  expect((await ask('GET', '/api/v1/retention')).body).toMatchObject({ settings: wide, computers: [{ tags: ['b', 'lab'] }] });
  expect((await versions()).filter((each) => each.pinned).map(({ id }) => id)).toEqual(pinned);
  expect((await ask('GET', '/api/v1/store/history')).status).toBe(200);
  expect((await ask('GET', '/api/v1/store/usage')).status).toBe(200);
}, 240_000);

test('bytes of purged points leave the disk, measured', async () => {
  clock.advance(days(20));
  const before = (await versions()).length;
  const change = { scope: { kind: 'default' }, policy: { ...defaultRetentionPolicy, keepLast: 1, minKeep: 1 } };
  const { confirm } = (await ask('POST', '/api/v1/retention/policies/blast-radius', change)).body ?? {};
  await ask('PUT', '/api/v1/retention/policies', { ...change, confirm });
  expect(Number((await runToEnd())['condemnedPoints'])).toBeGreaterThan(4);
  clock.advance(hours(73));
  expect(Number((await runToEnd())['purgedPoints'])).toBeGreaterThan(4);
  expect((await versions()).length).toBeLessThan(before - 4);
  // Packs that are still being written to are left alone; a restart seals them. Then they have their own time in which a commit may rescue them.
  await server.restart({ clock });
  const full = packFileBytes();
  expect(await runToEnd()).toMatchObject({ outcome: 'done' });
  clock.advance(hours(73));
  const last = await runToEnd();
  expect(last).toMatchObject({ outcome: 'done' });
  expect(packFileBytes()).toBeLessThan(full - Number(last['freedBytes']) * 0.5);
  expect(Number(last['freedBytes'])).toBeGreaterThan(0);
  expect((await ask('GET', '/api/v1/retention')).body?.['runs']).toEqual(expect.arrayContaining([expect.objectContaining({ freedBytes: last['freedBytes'] })]));
}, 240_000);
