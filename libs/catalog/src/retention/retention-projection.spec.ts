import { defaultRetentionPolicy, defaultStoreSettings, type LedgerEvent } from '@lifeboat/model';
import type { Catalog } from '../catalog.js';
import { committed, deletionId, drillId, enrolled, ledgerOf, machineId, manifestsOf, pointId, sha256, sourceOf, tag, tokenId } from '../testing/ledger-fixtures.js';
import { startTestPostgres, type TestPostgres } from '../testing/test-catalog.js';

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

const startMs = 1_700_000_000_000;
const know = async (...events: LedgerEvent[]): Promise<unknown> => catalog.project(ledgerOf(events), manifestsOf());
const one = { machineId: machineId(1), pointId: pointId(1) };
const two = { machineId: machineId(1), pointId: pointId(2) };
const find = () => catalog.points.find(one.machineId, one.pointId);
const condemned: LedgerEvent = { type: 'point.condemned', ...two, reason: 'monthly slot taken', by: 'calendar', actor: 'lifeboat', planHash: sha256(4), purgeAfterMs: 99 };
const drill = (seed: number, level: number, verdict: 'passed' | 'failed' | 'inconclusive' = 'passed'): LedgerEvent => ({
  type: 'drill.finished', drillId: drillId(seed), ...one, level, verdict, step: null, code: null, detail: 'd', trigger: 'admin', startedAtMs: 1, finishedAtMs: seed * 10, rtoMs: 5, rpoMs: null,
  evidence: [{ file: 'log.txt', sha256: sha256(1), sizeBytes: 3 }],
});

describe('a deleted point', () => {
  test('is not the newest, counts for nothing, and says why it goes; its id still finds it', async () => {
    await know(enrolled(1), committed(1, 1), committed(1, 2), condemned);
    expect(await catalog.points.find(two.machineId, two.pointId)).toMatchObject({ condemned: { atMs: startMs + 4000, purgeAfterMs: 99, by: 'calendar', reason: 'monthly slot taken' } });
    expect((await catalog.points.resolve(machineId(1), 'latest')).pointId).toBe(one.pointId);
    expect((await catalog.points.resolve(machineId(1), two.pointId)).pointId).toBe(two.pointId);
    expect(await catalog.computers.get(machineId(1))).toMatchObject({ points: 1, newestGoodPointAtMs: startMs + 1 });
    expect(await catalog.retention.deletions(0)).toMatchObject([{ ...two, planHash: sha256(4), undeletedAtMs: null, purgedAtMs: null }]);
    expect(await catalog.retention.deletions(startMs + 4001)).toEqual([]);
  });

  test('comes back', async () => {
    await know(enrolled(1), committed(1, 1), committed(1, 2), condemned, { type: 'point.undeleted', ...two, reason: 'mistake', actor: 'anna' });
    expect(await catalog.points.find(two.machineId, two.pointId)).toMatchObject({ condemned: null });
    expect((await catalog.computers.get(machineId(1))).points).toBe(2);
    expect(await catalog.retention.deletions(0)).toMatchObject([{ undeletedAtMs: startMs + 5000, purgedAtMs: null }]);
  });

  test('is gone when purged, the last one too, and what became of it stays known', async () => {
    await know(enrolled(1), committed(1, 2), condemned, { type: 'point.purged', ...two });
    expect(await catalog.points.listAll()).toEqual([]);
    expect(await catalog.computers.get(machineId(1))).toMatchObject({ points: 0, newestGoodPointAtMs: null });
    expect(await catalog.retention.deletions(0)).toMatchObject([{ ...two, purgedAtMs: startMs + 4000 }]);
  });
});

test('marks decide which point is the newest good one', async () => {
  await know(enrolled(1), committed(1, 1), committed(1, 2), { type: 'point.marked', ...two, state: 'suspect', cause: 'drill', reason: 'did not boot' });
  expect((await catalog.points.resolve(machineId(1), 'latest')).pointId).toBe(one.pointId);
  expect(await catalog.computers.get(machineId(1))).toMatchObject({ points: 2, damagedPoints: 1, newestGoodPointAtMs: startMs + 1 });
  await catalog.project([{ seq: 6, atMs: 7, event: { type: 'point.marked', ...two, state: 'good', cause: 'heal', reason: 'repaired' } }], manifestsOf());
  expect(await catalog.points.resolve(machineId(1), 'latest')).toMatchObject({ pointId: two.pointId, mark: { cause: 'heal', reason: 'repaired', atMs: 7 } });
});

test('pins, holds and immutability are kept apart; an immutable date never moves back', async () => {
  await know(
    enrolled(1), committed(1, 1), { type: 'point.pinned', ...one, reason: 'before the move', actor: 'anna', untilMs: 500 }, { type: 'point.held', ...one, reason: 'case 7', actor: 'bert' },
    { type: 'point.immutable', ...one, untilMs: 900, actor: 'anna' }, { type: 'point.immutable', ...one, untilMs: 800, actor: 'anna' },
    { type: 'point.unpinned', machineId: machineId(2), pointId: pointId(1), actor: 'x' },
  );
  expect(await find()).toMatchObject({ pinned: { untilMs: 500, reason: 'before the move', actor: 'anna', atMs: startMs + 3000 }, held: { reason: 'case 7', actor: 'bert' }, immutableUntilMs: 900 });
  await catalog.project([{ seq: 9, atMs: 7, event: { type: 'point.unpinned', ...one, actor: 'x' } }, { seq: 10, atMs: 7, event: { type: 'point.released', ...one, reason: 'closed', actor: 'x' } }], manifestsOf());
  expect(await find()).toMatchObject({ pinned: null, held: null, immutableUntilMs: 900 });
});

test('only a passed drill proves; a point keeps its highest level, a machine its newest proof', async () => {
  await know(enrolled(1), committed(1, 1), drill(1, 5, 'failed'), drill(2, 4, 'inconclusive'));
  expect((await find())?.proof).toBeNull();
  await catalog.project([{ seq: 6, atMs: 0, event: drill(3, 4) }, { seq: 7, atMs: 0, event: drill(4, 2) }], manifestsOf());
  expect((await find())?.proof).toEqual({ level: 4, atMs: 30 });
  expect((await catalog.computers.get(machineId(1))).lastProof).toEqual({ level: 2, atMs: 40 });
  expect((await catalog.drills.list({ limit: 2, machineId: machineId(1) })).map((each) => each.drillId)).toEqual([drillId(4), drillId(3)]);
  expect(await catalog.drills.find(drillId(1))).toMatchObject({ ...one, verdict: 'failed', rtoMs: 5, rpoMs: null, evidence: [{ file: 'log.txt', sizeBytes: 3 }], seq: 4 });
  expect((await catalog.drills.newestOfEach()).map((each) => [each.level, each.verdict]).sort()).toEqual([[2, 'passed'], [4, 'passed'], [5, 'failed']]);
});

test('policies, tags and settings: the newest decision is in force and all are remembered', async () => {
  const weekly = { ...defaultRetentionPolicy, keepWeekly: 4 };
  await know(
    { type: 'retention.policy.set', scope: { kind: 'default' }, policy: defaultRetentionPolicy, actor: 'anna' }, { type: 'retention.policy.set', scope: { kind: 'default' }, policy: weekly, actor: 'bert' },
    { type: 'retention.policy.set', scope: { kind: 'tag', tag: tag('lab') }, policy: weekly, actor: 'bert' }, { type: 'retention.policy.set', scope: { kind: 'tag', tag: tag('lab') }, policy: null, actor: 'bert' },
    { type: 'retention.policy.set', scope: { kind: 'machine', machineId: machineId(1) }, policy: weekly, actor: 'bert' },
    { type: 'machine.tagged', machineId: machineId(1), tags: [tag('a')] }, { type: 'machine.tagged', machineId: machineId(1), tags: [tag('lab'), tag('b'), tag('lab')] },
  );
  const inForce = await catalog.retention.policies();
  expect(inForce.map(({ scope, actor }) => [scope.kind, actor]).sort()).toEqual([['default', 'bert'], ['machine', 'bert']]);
  expect(inForce.find(({ scope }) => scope.kind === 'default')?.policy).toEqual(weekly);
  expect(await catalog.retention.policyHistory(2)).toMatchObject([{ scope: { kind: 'machine', machineId: machineId(1) } }, { scope: { kind: 'tag', tag: 'lab' }, policy: null }]);
  expect([...(await catalog.retention.tags())]).toEqual([[machineId(1), ['b', 'lab']]]);
  expect([await catalog.retention.settings(), await catalog.retention.timeAnchor()]).toEqual([null, null]);
  await catalog.project([
    { seq: 9, atMs: 0, event: { type: 'store.settings.set', settings: { ...defaultStoreSettings, timeZone: 'Europe/Berlin' }, actor: 'anna' } },
    { seq: 10, atMs: 0, event: { type: 'time.anchored', wallMs: 5, trustedMs: 4, bootId: 'b', monotonicMs: 3.7 } },
  ], manifestsOf());
  expect(await catalog.retention.settings()).toMatchObject({ timeZone: 'Europe/Berlin' });
  expect(await catalog.retention.timeAnchor()).toEqual({ wallMs: 5, trustedMs: 4, bootId: 'b', monotonicMs: 3, beliefLeftMs: null });
});

test('a deletion request is decided once', async () => {
  const asked = (seed: number): LedgerEvent => ({ type: 'deletion.requested', requestId: deletionId(seed), points: [one], reason: 'old', actor: 'anna', executeAfterMs: 77 });
  const withdrawn = (seed: number): LedgerEvent => ({ type: 'deletion.withdrawn', requestId: deletionId(seed), actor: 'carl', reason: 'no' });
  await know(asked(1), asked(2), asked(3), { type: 'deletion.approved', requestId: deletionId(1), actor: 'bert' }, { type: 'deletion.executed', requestId: deletionId(1) }, withdrawn(1), withdrawn(2));
  expect((await catalog.retention.listRequests(9)).map(({ requestId, state }) => [requestId, state])).toEqual([[deletionId(3), 'waiting'], [deletionId(2), 'withdrawn'], [deletionId(1), 'executed']]);
  expect(await catalog.retention.openRequests()).toEqual([{
    requestId: deletionId(3), points: [one], reason: 'old', actor: 'anna', requestedAtMs: startMs + 3000, executeAfterMs: 77, state: 'waiting', decidedActor: null, decidedAtMs: null,
  }]);
  expect(await catalog.retention.findRequest(deletionId(1))).toMatchObject({ decidedActor: 'bert', decidedAtMs: startMs + 4000 });
  expect(await catalog.retention.findRequest(deletionId(9))).toBeUndefined();
});

test('anomalies stay until they are cleared; runs are told newest first; operators have a role', async () => {
  await know(
    { type: 'anomaly.raised', ...two, lastCleanPointId: one.pointId, kind: 'entropy', detail: 'stored 0.99 of changed' }, { type: 'retention.ran', planHash: sha256(1), round: 1, prunedPoints: 3, freedBytes: -5, shortfallBytes: 0 },
    { type: 'operator-token.created', tokenId: tokenId(1), secretSha256: sha256(1), label: 'a' }, { type: 'operator-token.created', tokenId: tokenId(2), secretSha256: sha256(2), label: 'b', role: 'operator' },
  );
  expect(await catalog.retention.openAnomalies()).toMatchObject([{ ...two, lastCleanPointId: one.pointId, kind: 'entropy', clearedAtMs: null }]);
  expect(await catalog.retention.runs(5)).toMatchObject([{ planHash: sha256(1), round: 1, prunedPoints: 3, freedBytes: -5 }]);
  expect((await catalog.tokens.listOperators()).map(({ role }) => role)).toEqual(['admin', 'operator']);
  await catalog.project([{ seq: 6, atMs: 0, event: { type: 'anomaly.cleared', machineId: machineId(1), actor: 'anna', reason: 'was an upgrade' } }], manifestsOf());
  expect(await catalog.retention.openAnomalies()).toEqual([]);
  expect((await catalog.retention.anomaliesOf(machineId(1))).map(({ clearedAtMs }) => clearedAtMs)).toEqual([0]);
});

test('the history of space is kept through a rebuild and forgets what is old', async () => {
  const sample = (atMs: number) => ({ atMs, sizeBytes: 2 ** 45, usedBytes: atMs, freeBytes: 1, reclaimableBytes: 0, filesystemUsedBytes: 7 });
  for (const atMs of [10, 20, 20, 30]) await catalog.space.add(sample(atMs), 15);
  expect(await catalog.space.memory()).toBeNull();
  await catalog.space.remember({ sizeBytes: 5, pressure: 'red' });
  await catalog.reset();
  await catalog.catchUp(sourceOf(ledgerOf([])));
  expect(await catalog.space.memory()).toEqual({ sizeBytes: 5, pressure: 'red' });
  expect(await catalog.space.list(0)).toEqual([sample(20), sample(30)]);
  expect(await catalog.space.list(25)).toEqual([sample(30)]);
});
