import { BackupPolicy, defaultBackupPolicy, JobId, noBytes, type BackupProgress, type LedgerEvent } from '@lifeboat/model';
import type { Catalog } from './catalog.js';
import { committed, computerName, enrolled, facts, ledgerOf, machineId, manifestsOf, pointId, publicKey, requestId, sha256, sourceOf, tokenId } from './testing/ledger-fixtures.js';
import { startTestPostgres, type TestPostgres } from './testing/test-catalog.js';

let postgres: TestPostgres;
let catalog: Catalog;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  catalog = await postgres.openEmptyCatalog();
});
afterEach(() => catalog.close());

const know = async (...events: LedgerEvent[]): Promise<unknown> => catalog.catchUp(sourceOf(ledgerOf(events)));

describe('computers', () => {
  test('are listed by name as people sort them, with what their state is decided from', async () => {
    const manifests = manifestsOf([[pointId(2), { state: 'suspect', createdAtMs: 9e12 }], [pointId(3), 'POINT_DAMAGED']]);
    await catalog.project(ledgerOf([enrolled(1, 'PC-10'), enrolled(2, 'pc-2'), committed(2, 1), committed(2, 2), committed(2, 3)]), manifests);
    await catalog.computers.touch(machineId(2), 5000, '0.2.0');
    await catalog.computers.touch(machineId(2), 4000, '0.1.9');
    const [first, second] = await catalog.computers.list();
    expect(first).toEqual({
      machineId: machineId(2), name: 'pc-2', publicKey: publicKey(2), facts: { ...facts, agentVersion: '0.2.0' }, enrolledAtMs: 1_700_000_002_000, lastSeenAtMs: 5000,
      points: 3, newestGoodPointAtMs: 1_700_000_000_001, damagedPoints: 2, lastProof: null,
    });
    expect(second).toMatchObject({ name: 'PC-10', facts, lastSeenAtMs: null, points: 0, newestGoodPointAtMs: null, damagedPoints: 0 });
  });

  test('the newest good point is the last committed one, whatever the clock said', async () => {
    const manifests = manifestsOf([[pointId(1), { createdAtMs: 8e12 }], [pointId(2), { createdAtMs: 1000 }]]);
    await catalog.project(ledgerOf([enrolled(1), committed(1, 1), committed(1, 2)]), manifests);
    expect((await catalog.computers.get(machineId(1))).newestGoodPointAtMs).toBe(1000);
    expect((await catalog.points.resolve(machineId(1), 'latest')).pointId).toBe(pointId(2));
  });

  test('are found by id, by a name that one machine has, and by key', async () => {
    await know(enrolled(1, 'twin'), enrolled(2, 'twin'), enrolled(3, 'büro/..😀'));
    const { computers } = catalog;
    expect((await computers.findByNameOrId('bu\u0308ro/..😀 ')).machineId).toBe(machineId(3));
    expect((await computers.findByNameOrId(machineId(2).toUpperCase())).machineId).toBe(machineId(2));
    await expect(computers.findByNameOrId('twin')).rejects.toMatchObject({ code: 'COMPUTER_NAME_AMBIGUOUS', details: { machineIds: [machineId(1), machineId(2)] } });
    for (const nobody of ['', 'nobody', machineId(9), '\u0000', "' or 1=1--"]) await expect(computers.findByNameOrId(nobody)).rejects.toMatchObject({ code: 'COMPUTER_NOT_FOUND' });
    expect((await computers.listByName(computerName('twin'))).map((computer) => computer.machineId)).toEqual([machineId(1), machineId(2)]);
    expect((await computers.findByPublicKey(publicKey(2)))?.machineId).toBe(machineId(2));
    expect(await computers.findByPublicKey(publicKey(9))).toBeUndefined();
    await expect(computers.get(machineId(9))).rejects.toMatchObject({ code: 'COMPUTER_NOT_FOUND' });
  });

  test('keep when they were seen through a rebuild, and unknown ones are not noted', async () => {
    const ledger = ledgerOf([enrolled(1)]);
    await catalog.catchUp(sourceOf(ledger));
    await catalog.computers.touch(machineId(1), 77, '1.0.0');
    await catalog.computers.touch(machineId(2), 77, '1.0.0');
    await catalog.reset();
    expect(await catalog.computers.list()).toEqual([]);
    await catalog.catchUp(sourceOf(ledgerOf([enrolled(1), enrolled(2)])));
    expect((await catalog.computers.list()).map((computer) => computer.lastSeenAtMs)).toEqual([77, null]);
  });

  test('get a new key and new facts', async () => {
    await know(enrolled(1), { type: 'machine.rekeyed', machineId: machineId(1), publicKey: publicKey(8), facts: { ...facts, hostname: 'new' } });
    expect(await catalog.computers.get(machineId(1))).toMatchObject({ publicKey: publicKey(8), facts: { hostname: 'new' }, name: 'pc-1' });
  });
});

describe('restore points', () => {
  test('are listed newest first with exact byte counts, each machine its own', async () => {
    await know(enrolled(1), enrolled(2), committed(1, 1), committed(2, 2), committed(1, 3));
    const points = await catalog.points.listByMachine(machineId(1));
    expect(points.map((point) => point.pointId)).toEqual([pointId(3), pointId(1)]);
    expect(points[0]).toMatchObject({ kind: 'incremental', consistency: 'offline', state: 'good', seq: 6, bytes: { source: Number.MAX_SAFE_INTEGER, used: 5 * 2 ** 40, read: 3, changed: 3, sent: 2, stored: 1 } });
    expect(await catalog.points.find(machineId(2), pointId(1))).toBeUndefined();
  });

  test('are resolved by id, unique prefix and latest', async () => {
    await know(enrolled(1), enrolled(2), committed(1, 0x1a), committed(1, 0x1b), committed(2, 0x2a));
    const { points } = catalog;
    const resolve = (version: string) => points.resolve(machineId(1), version);
    expect((await resolve(pointId(0x1a))).pointId).toBe(pointId(0x1a));
    expect((await resolve('0000001B')).pointId).toBe(pointId(0x1b));
    expect((await resolve('latest')).pointId).toBe(pointId(0x1b));
    await expect(resolve('0000001')).rejects.toMatchObject({ code: 'VERSION_AMBIGUOUS', details: { pointIds: [pointId(0x1b), pointId(0x1a)] } });
    for (const unknown of ['', '0000002', pointId(0x2a), '%', 'newest', '\u0000', 'f'.repeat(33)]) await expect(resolve(unknown)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
    await expect(points.resolve(machineId(9), 'latest')).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
  });

  test('latest prefers a good point to a newer suspect or damaged one', async () => {
    const manifests = manifestsOf([[pointId(2), { state: 'suspect' }], [pointId(3), 'POINT_MISSING']]);
    await catalog.project(ledgerOf([enrolled(1), committed(1, 1), committed(1, 2), committed(1, 3), enrolled(2), committed(2, 2)]), manifests);
    expect((await catalog.points.resolve(machineId(1), 'latest')).pointId).toBe(pointId(1));
    expect((await catalog.points.resolve(machineId(2), 'latest')).state).toBe('suspect');
    expect((await catalog.points.listByMachine(machineId(1)))[0]).toMatchObject({ pointId: pointId(3), state: 'damaged', bytes: noBytes });
  });
});

describe('enrolments', () => {
  const held = (seed: number): LedgerEvent => ({ type: 'enrolment.held', requestId: requestId(seed), name: computerName('taken'), publicKey: publicKey(40 + seed), facts, takenBy: machineId(1) });

  test('wait until they are resolved and stay findable by key', async () => {
    await know(enrolled(1, 'taken'), held(1), held(2), { type: 'enrolment.resolved', requestId: requestId(1), as: 'separate', machineId: machineId(7) });
    expect((await catalog.enrolments.listHeld()).map((enrolment) => enrolment.requestId)).toEqual([requestId(2)]);
    expect(await catalog.enrolments.findByPublicKey(publicKey(41))).toMatchObject({ state: 'separate', machineId: machineId(7), requestedAtMs: 1_700_000_002_000, resolvedAtMs: 1_700_000_004_000 });
    expect(await catalog.enrolments.get(requestId(2))).toMatchObject({ state: 'held', machineId: null, takenBy: machineId(1), resolvedAtMs: null });
    await expect(catalog.enrolments.get(requestId(9))).rejects.toMatchObject({ code: 'ENROLMENT_NOT_FOUND' });
    expect(await catalog.enrolments.findByPublicKey(publicKey(9))).toBeUndefined();
  });
});

describe('tokens', () => {
  test('are found by the hash of their secret and count their uses down to zero', async () => {
    const used: LedgerEvent = { type: 'enrolment-token.used', tokenId: tokenId(2) };
    await know(
      { type: 'operator-token.created', tokenId: tokenId(1), secretSha256: sha256(1), label: 'first run' },
      { type: 'enrolment-token.created', tokenId: tokenId(2), secretSha256: sha256(2), usesMax: 2, expiresAtMs: 99 }, used,
    );
    expect(await catalog.tokens.findOperator(sha256(1))).toEqual({ tokenId: tokenId(1), label: 'first run', role: 'admin', createdAtMs: 1_700_000_001_000 });
    expect(await catalog.tokens.findOperator(sha256(2))).toBeUndefined();
    expect(await catalog.tokens.findEnrolment(sha256(2))).toEqual({ tokenId: tokenId(2), createdAtMs: 1_700_000_002_000, expiresAtMs: 99, usesMax: 2, usesLeft: 1 });
    await catalog.project([{ seq: 5, atMs: 0, event: used }, { seq: 6, atMs: 0, event: used }], manifestsOf());
    expect((await catalog.tokens.findEnrolment(sha256(2)))?.usesLeft).toBe(0);
    expect(await catalog.tokens.listOperators()).toHaveLength(1);
  });
});

describe('policies', () => {
  const hourly: BackupPolicy = { ...defaultBackupPolicy, schedule: { kind: 'every', intervalMs: 3_600_000 } };
  const nightly: BackupPolicy = { ...defaultBackupPolicy, schedule: { kind: 'cron', pattern: '30 2 * * *', timeZone: 'Europe/Berlin' } };

  test("are the machine's own, else the default, else the built-in one", async () => {
    await know(enrolled(1), enrolled(2));
    expect(await catalog.policies.default()).toEqual({ policy: defaultBackupPolicy, origin: 'built-in' });
    await catalog.project([{ seq: 4, atMs: 0, event: { type: 'policy.set', machineId: null, policy: nightly } }, { seq: 5, atMs: 0, event: { type: 'policy.set', machineId: machineId(1), policy: hourly } }], manifestsOf());
    expect(await catalog.policies.default()).toEqual({ policy: nightly, origin: 'default' });
    const all = await catalog.policies.effectiveOfAll();
    expect([...all]).toEqual([[machineId(1), { policy: hourly, origin: 'machine' }], [machineId(2), { policy: nightly, origin: 'default' }]]);
    await catalog.project([{ seq: 6, atMs: 0, event: { type: 'policy.set', machineId: machineId(1), policy: null } }], manifestsOf());
    expect(await catalog.policies.effective(machineId(1))).toEqual({ policy: nightly, origin: 'default' });
  });
});

describe('jobs', () => {
  const jobId = (seed: number): JobId => JobId.parse(seed.toString(16).padStart(32, '0'));
  const create = (seed: number, machine = 1) => catalog.jobs.create({ jobId: jobId(seed), machineId: machineId(machine), kind: 'backup', trigger: 'admin', createdAtMs: seed * 1000 });
  const progress: BackupProgress = { phase: 'send', bytes: { ...noBytes, sent: 2 ** 45 }, doneBytes: 2 ** 44, totalBytes: 2 ** 45 };

  test('are created once and changed in part', async () => {
    await know(enrolled(1, 'desk'));
    expect(await create(1)).toMatchObject({ state: 'queued', computerName: 'desk', progress: null, startedAtMs: null });
    await catalog.jobs.update(jobId(1), { state: 'running', startedAtMs: 5, progress });
    expect(await create(1)).toMatchObject({ state: 'running' });
    await catalog.jobs.update(jobId(1), { state: 'failed', code: 'X', message: 'a\u0000b', finishedAtMs: 9, pointId: pointId(1) });
    expect(await catalog.jobs.get(jobId(1))).toEqual({
      jobId: jobId(1), machineId: machineId(1), computerName: 'desk', kind: 'backup', trigger: 'admin', state: 'failed', code: 'X', message: 'a\ufffdb', pointId: pointId(1), progress,
      createdAtMs: 1000, startedAtMs: 5, finishedAtMs: 9,
    });
    expect(await catalog.jobs.lastBackupStartedAtMs(machineId(1))).toBe(5);
    expect(await catalog.jobs.lastBackupStartedAtMs(machineId(2))).toBeNull();
    await expect(catalog.jobs.update(jobId(9), { state: 'done' })).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    await expect(catalog.jobs.get(jobId(9))).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });

  test('are listed newest first, narrowed and limited, and outlive a rebuild', async () => {
    for (const seed of [1, 2, 3]) await create(seed, seed === 3 ? 2 : 1);
    await catalog.jobs.update(jobId(2), { state: 'done' });
    await catalog.reset();
    const ids = async (query: Parameters<Catalog['jobs']['list']>[0]) => (await catalog.jobs.list(query)).map((job) => job.jobId);
    expect(await ids({ limit: 10 })).toEqual([jobId(3), jobId(2), jobId(1)]);
    expect(await ids({ limit: 1 })).toEqual([jobId(3)]);
    expect(await ids({ limit: 10, machineId: machineId(1), states: ['queued'] })).toEqual([jobId(1)]);
    expect((await catalog.jobs.get(jobId(3))).computerName).toBe(machineId(2));
  });

  test('that ran when the server died are parked or failed at its next start', async () => {
    for (const seed of [1, 2, 3, 4]) await create(seed);
    for (const seed of [1, 2]) await catalog.jobs.update(jobId(seed), { state: 'running' });
    await catalog.jobs.update(jobId(3), { state: 'done' });
    const changed = await catalog.jobs.reconcile({ nowMs: 42, resumable: [jobId(2), jobId(3)] });
    expect(changed.map((job) => [job.jobId, job.state, job.code, job.finishedAtMs])).toEqual([[jobId(2), 'parked', null, null], [jobId(1), 'failed', 'JOB_INTERRUPTED', 42]]);
    expect((await catalog.jobs.list({ limit: 10 })).map((job) => job.state)).toEqual(['queued', 'done', 'parked', 'failed']);
    expect(await catalog.jobs.reconcile({ nowMs: 43, resumable: [] })).toEqual([]);
  });
});
