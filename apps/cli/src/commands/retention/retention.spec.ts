import { defaultRetentionPolicy, defaultStoreSettings } from '@lifeboat/model';
import { runCli } from '../../run-cli.js';
import { refusal, RestTwin } from '../../testing/rest-twin.js';

type Run = { code: number; out: string; err: string; json: Record<string, unknown> };

let twin: RestTwin;
const environment = { ...process.env };
beforeEach(async () => {
  twin = await RestTwin.start();
  process.env['LIFEBOAT_URL'] = twin.url;
  process.env['LIFEBOAT_TOKEN'] = twin.token;
});
afterEach(async () => {
  await twin.close();
  process.env = { ...environment };
});

async function run(...argv: string[]): Promise<Run> {
  const seen = { out: '', err: '' };
  const streams = { out: (text: string) => { seen.out += text; }, err: (text: string) => { seen.err += text; } };
  const code = await runCli(argv, { streams, signal: new AbortController().signal, version: '0.1.0' });
  return { code, ...seen, get json() { return JSON.parse(seen.out) as Record<string, unknown>; } };
}

const id = (digit: string): string => digit.repeat(32);
const hash = 'a'.repeat(64);
const time = '2026-01-02T03:04:05.000Z';
const named = { computer: 'web-1', machineId: id('a'), id: id('c'), createdAt: time };
const plan = {
  v: 1, planHash: hash, stateVersion: 7, madeAt: time, pressure: 'yellow', keep: [{ ...named, reasons: ['newest good point'], codes: ['FLOOR_NEWEST_GOOD'] }],
  prune: [{ ...named, id: id('d'), reason: 'its day has a newer point', code: 'PRUNE_NO_SLOT', by: 'calendar', uniqueBytes: 5, cumulativeFreeBytes: 9, needsApproval: null }], purge: [], condemned: [], targetBytes: 0, expectedFreeBytes: 9, shortfallBytes: 0,
};
const idle = { state: 'idle', trigger: null, phase: null, round: null, startedAt: null };
const last = { planHash: hash, startedAt: time, finishedAt: time, outcome: 'done', code: null, message: null, rounds: 1, condemnedPoints: 1, purgedPoints: 0, freedBytes: 0, shortfallBytes: 0, waitingForApproval: 0 };
const radius = (deleted: unknown[]) => ({ v: 1, computers: [{ computer: 'web-1', machineId: id('a') }], deleted, kept: 0, freedBytes: 5, confirm: hash });
const victim = { ...named, reason: 'no slot', uniqueBytes: 5 };
const fields = Object.fromEntries(Object.entries(defaultRetentionPolicy).map(([name, value]) => [name, { value, origin: { kind: 'built-in' }, inherited: value, overrides: false }]));
const view = {
  v: 1, settings: defaultStoreSettings, settingsSet: false, pressure: 'green', policies: [], history: [], presets: [{ name: 'server', text: 's', policy: { ...defaultRetentionPolicy, keepDaily: 14 } }],
  computers: [{ computer: 'web-1', machineId: id('a'), tags: [], policy: defaultRetentionPolicy, fields }], run: { ...idle, last: null }, requests: [], anomalies: [], runs: [],
};

test('simulate prints the plan that the contract names, and passes on what is assumed', async () => {
  twin.answers.set('GET /api/v1/retention/plan', { body: plan });
  const result = await run('retention', 'simulate', '--free', '1000', '--at', '2027-01-31', '--json');
  expect(result).toMatchObject({ code: 0, json: { v: 1, planHash: hash, keep: [{ computer: 'web-1', id: id('c'), reasons: ['newest good point'] }], prune: [{ computer: 'web-1', id: id('d'), reason: 'its day has a newer point', uniqueBytes: 5 }], shortfallBytes: 0 } });
  expect(Object.fromEntries(twin.asked[0]?.query ?? [])).toEqual({ free: '1000', at: '2027-01-31T00:00:00.000Z' });
  expect((await run('retention', 'simulate', '--free', '-3')).code).toBe(64);
  expect((await run('retention', 'simulate', '--at', 'soon')).code).toBe(64);
  expect((await run('retention', 'simulate')).out).toContain('its day has a newer point');
});

test('run carries out the plan it shows, again when it has changed, and never another one than was asked for', async () => {
  let stale = 2;
  twin.answers.set('GET /api/v1/retention/plan', { body: plan });
  twin.answers.set('POST /api/v1/retention/run', () => (stale-- > 0 ? refusal(409, 'PLAN_STALE') : { status: 202, body: { v: 1, planHash: hash, run: { ...idle, last: null } } }));
  twin.answers.set('GET /api/v1/retention/run', { body: { v: 1, run: { ...idle, last } } });
  expect(await run('retention', 'run', '--json')).toMatchObject({ code: 0, json: { planHash: hash, run: { outcome: 'done', condemnedPoints: 1 } } });
  expect(twin.asked.filter(({ method }) => method === 'POST').map(({ body }) => body)).toEqual([{ planHash: hash }, { planHash: hash }, { planHash: hash }]);
  stale = 1;
  expect(await run('retention', 'run', '--plan', 'b'.repeat(64), '--json')).toMatchObject({ code: 4, json: { error: { code: 'PLAN_STALE' } } });
});

test.each([
  { what: 'failed', change: { outcome: 'failed', code: 'GC_ROOT_UNREADABLE', message: 'x' }, code: 1 }, { what: 'left something to approve', change: { waitingForApproval: 3 }, code: 2 }, { what: 'fell short', change: { shortfallBytes: 3 }, code: 2 },
])('a run that $what exits $code', async ({ change, code }) => {
  twin.answers.set('GET /api/v1/retention/plan', { body: plan });
  twin.answers.set('POST /api/v1/retention/run', { status: 202, body: { v: 1, planHash: hash, run: { ...idle, last: null } } });
  twin.answers.set('GET /api/v1/retention/run', { body: { v: 1, run: { ...idle, last: { ...last, ...change } } } });
  expect((await run('retention', 'run')).code).toBe(code);
});

test('set shows what would go, and saves it only with --confirm', async () => {
  twin.answers.set('GET /api/v1/retention', { body: view });
  twin.answers.set('POST /api/v1/retention/policies/blast-radius', { body: radius([victim]) });
  twin.answers.set('PUT /api/v1/retention/policies', ({ body }) => ({ body: { v: 1, scope: (body as { scope: unknown }).scope, policy: (body as { policy: unknown }).policy, radius: radius([victim]) } }));
  const shown = await run('retention', 'set', '--preset', 'server', '--keep-monthly', '12', '--keep-within', '2d');
  expect(shown).toMatchObject({ code: 4 });
  expect(shown.err).toContain('no slot');
  expect(twin.asked.some(({ method }) => method === 'PUT')).toBe(false);
  expect((await run('retention', 'set', '--preset', 'server', '--keep-monthly', '12', '--keep-within', '2d', '--confirm')).code).toBe(0);
  expect(twin.asked.at(-1)).toMatchObject({ method: 'PUT', body: { scope: { kind: 'default' }, policy: { ...defaultRetentionPolicy, keepDaily: 14, keepMonthly: 12, keepWithinMs: 172_800_000 }, confirm: hash } });
  expect((await run('retention', 'set', '--tag', 'lab', '--inherit', '--confirm')).code).toBe(0);
  expect(twin.asked.at(-1)?.body).toMatchObject({ scope: { kind: 'tag', tag: 'lab' }, policy: null });
});

test.each([
  { name: 'nothing', argv: [] }, { name: 'a contradiction', argv: ['--inherit', '--keep-daily', '3'] }, { name: 'a negative count', argv: ['--keep-daily=-1'] }, { name: 'an unknown preset', argv: ['--preset', 'toaster'] },
  { name: 'a tag in capitals', argv: ['--tag', 'LAB', '--keep-daily', '1'] }, { name: 'a weight of nothing', argv: ['--weight', '0'] },
])('set with $name is usage', async ({ argv }) => {
  twin.answers.set('GET /api/v1/retention', { body: view });
  expect((await run('retention', 'set', ...argv)).code).toBe(64);
});

test('settings change what was named and keep the rest', async () => {
  twin.answers.set('GET /api/v1/retention', { body: view });
  twin.answers.set('POST /api/v1/retention/settings/blast-radius', { body: radius([]) });
  twin.answers.set('PUT /api/v1/retention/settings', ({ body }) => ({ body: { v: 1, settings: (body as { settings: unknown }).settings, radius: radius([]) } }));
  expect((await run('retention', 'settings', '--time-zone', 'Europe/Berlin', '--green', '25%')).code).toBe(0);
  expect(twin.asked.at(-1)?.body).toEqual({ settings: { ...defaultStoreSettings, timeZone: 'Europe/Berlin', greenFreePercent: 25 }, confirm: hash });
  expect((await run('retention', 'settings', '--orange', '95')).code).toBe(64);
});

test('pin takes a date, delete wants the name again, and what waits exits 2', async () => {
  const version = { id: id('c'), createdAt: time, kind: 'full', consistency: 'offline', state: 'good', bytes: { used: 1, changed: 1, sent: 1, stored: 1, unique: null }, proof: null, pinned: true, kept: [] };
  twin.answers.set('POST /api/v1/computers/web-1/versions/latest/pin', { body: { v: 1, version } });
  expect(await run('pin', 'web-1', '--version', 'latest', '--reason', 'move', '--until', '2027-01-31')).toMatchObject({ code: 0, out: 'cccccccccccc of web-1 is pinned\n' });
  expect(twin.asked.at(-1)?.body).toEqual({ reason: 'move', until: Date.parse('2027-01-31') });
  expect((await run('pin', 'web-1', '--version', 'latest')).code).toBe(64);
  expect((await run('delete', 'backup', 'web-1', '--version', 'cc')).code).toBe(64);
  twin.answers.set('POST /api/v1/computers/web-1/versions/cc/delete', { body: { v: 1, outcome: 'requested', id: id('c'), requestId: id('f'), executeAfter: time, why: 'younger than 7 days' } });
  expect(await run('delete', 'backup', 'web-1', '--version', 'cc', '--confirm', 'web-1', '--json')).toMatchObject({ code: 2, json: { outcome: 'requested', requestId: id('f') } });
  twin.answers.set('POST /api/v1/computers/web-1/versions/cc/delete', refusal(409, 'POINT_IS_KEPT'));
  expect((await run('delete', 'backup', 'web-1', '--version', 'cc', '--confirm', 'web-1')).code).toBe(4);
  twin.answers.set('POST /api/v1/computers/web-1/versions/cc/release', refusal(403, 'ADMIN_REQUIRED'));
  expect((await run('release', 'web-1', '--version', 'cc', '--reason', 'x')).code).toBe(5);
});

test('approve takes a unique prefix', async () => {
  const request = { requestId: id('f'), state: 'waiting', points: [], reason: 'r', actor: 'anna', requestedAt: time, executeAfter: time, decidedBy: null, decidedAt: null };
  twin.answers.set('GET /api/v1/deletion-requests', { body: { v: 1, requests: [request] } });
  twin.answers.set(`POST /api/v1/deletion-requests/${id('f')}/approve`, { body: { v: 1, request: { ...request, state: 'executed' } } });
  expect(await run('retention', 'approve', 'ffff')).toMatchObject({ code: 0, out: 'ffffffffffff: executed\n' });
  expect((await run('retention', 'approve', 'e')).code).toBe(64);
});
