import fc from 'fast-check';
import {
  BackupPolicy, ComputerName, defaultBackupPolicy, defaultRetentionPolicy, defaultStoreSettings, DeletionRequestId, Digest, DrillId, EnrolmentRequestId, MachineId, MachineTag, OperationalError, PublicKey, RestorePointId, StoreId, TokenId,
  type LedgerEvent, type LedgerRecord, type MachineFacts, type RestorePointManifest,
} from '@lifeboat/model';
import type { LedgerSource, ReadManifest } from '../catalog.js';

const hex = (seed: number, digits: number): string => seed.toString(16).padStart(digits, '0');

export const storeId = StoreId.parse(hex(0xabc, 32));
export const machineId = (seed: number): MachineId => MachineId.parse(hex(seed, 32));
/** Ids of small seeds share no prefix longer than the seed's own digits. */
export const pointId = (seed: number): RestorePointId => RestorePointId.parse(hex(seed, 8).padEnd(32, '7'));
export const tokenId = (seed: number): TokenId => TokenId.parse(hex(seed, 32));
export const requestId = (seed: number): EnrolmentRequestId => EnrolmentRequestId.parse(hex(seed, 32));
export const drillId = (seed: number): DrillId => DrillId.parse(hex(seed, 32));
export const deletionId = (seed: number): DeletionRequestId => DeletionRequestId.parse(hex(seed, 32));
export const tag = (text: string): MachineTag => MachineTag.parse(text);
export const sha256 = (seed: number): string => hex(seed, 64);
export const digest = (seed: number): Digest => Digest.parse(hex(seed, 64));
export const publicKey = (seed: number): PublicKey => PublicKey.parse(`${hex(seed, 43)}=`);
export const computerName = (text: string): ComputerName => ComputerName.parse(text);
export const facts: MachineFacts = { hostname: 'pc', platform: 'linux', release: '6.1', agentVersion: '0.1.0', diskSerials: ['S1'], macAddresses: [] };

export const enrolled = (seed: number, name = `pc-${String(seed)}`): LedgerEvent => ({ type: 'machine.enrolled', machineId: machineId(seed), name: computerName(name), publicKey: publicKey(seed), facts });
export const committed = (machine: number, point: number): LedgerEvent => ({ type: 'point.committed', pointId: pointId(point), machineId: machineId(machine), manifestDigest: digest(point) });

/** Numbers events as a ledger does, the store's creation first. */
export function ledgerOf(events: readonly LedgerEvent[], startMs = 1_700_000_000_000): LedgerRecord[] {
  return [{ type: 'store.created', storeId } as const, ...events].map((event, index) => ({ seq: index + 1, atMs: startMs + index * 1000, event }));
}

class PointLost extends OperationalError {
  constructor(readonly code: 'POINT_MISSING' | 'POINT_DAMAGED') {
    super('the point is gone', { retry: 'never' });
  }
}

type Change = Partial<RestorePointManifest> | 'POINT_MISSING' | 'POINT_DAMAGED';

/** A store that holds a manifest for every point but the lost ones. */
export function manifestsOf(changes: readonly (readonly [RestorePointId, Change])[] = []): ReadManifest {
  const changeOf = new Map(changes);
  return (machine, point) => {
    const change = changeOf.get(point) ?? {};
    return typeof change === 'string' ? Promise.reject(new PointLost(change)) : Promise.resolve({ ...manifest(machine, point), ...change });
  };
}

export function sourceOf(records: readonly LedgerRecord[], readManifest = manifestsOf(), id = storeId): LedgerSource {
  return {
    storeId: id,
    readManifest,
    async *readLedger(fromSeq) {
      await Promise.resolve();
      yield* records.filter((record) => record.seq >= fromSeq);
    },
  };
}

function manifest(machine: MachineId, point: RestorePointId): RestorePointManifest {
  const seed = Number.parseInt(point.slice(0, 8), 16);
  return {
    v: 1, pointId: point, machineId: machine, computerName: computerName('pc'), createdAtMs: 1_700_000_000_000 + seed, agentStartedAtMs: 1, durationMs: seed,
    agentVersion: '0.1.0', os: { platform: 'linux', release: '6.1', hostname: 'pc' }, kind: seed % 2 === 0 ? 'full' : 'incremental', basePointId: null,
    consistency: 'offline', state: 'good', bytes: { source: Number.MAX_SAFE_INTEGER, used: 5 * 2 ** 40, read: seed, changed: 3, sent: 2, stored: 1 }, disks: [],
  };
}

const seed = fc.integer({ min: 1, max: 6 });
/** Any text a manifest or an agent may bring, the awkward ones included. */
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom('\u0000', '\ud800', "';drop table computer;--", '😀', '/../..'));
const anyFacts: fc.Arbitrary<MachineFacts> = fc.record({ hostname: text, platform: text, release: text, agentVersion: text, diskSerials: fc.array(text, { maxLength: 3 }), macAddresses: fc.array(text, { maxLength: 2 }) });
const name = text.map((candidate) => ComputerName.safeParse(candidate)).map((parsed) => (parsed.success ? parsed.data : computerName('fallback')));
const policy: fc.Arbitrary<BackupPolicy | null> = fc.constantFrom(null, defaultBackupPolicy, { ...defaultBackupPolicy, jitterMs: 0 });
const key = seed.map(publicKey);
const machine = seed.map(machineId);

const anyPoint = { machineId: machine, pointId: fc.integer({ min: 1, max: 12 }).map(pointId) };
const reason = text.map((candidate) => `r${candidate}`);
const actor = fc.constantFrom('anna', 'bert\u0000', 'lifeboat');
const timeMs = fc.integer({ min: 0, max: 8_640_000_000_000_000 });
const anyTag = fc.constantFrom('a', 'b', 'lab').map(tag);
const requested = seed.map(deletionId);

/** Events of retention and drills, of few points, so that they meet. */
const anyRetentionEvent: fc.Arbitrary<LedgerEvent> = fc.oneof(
  fc.record({ type: fc.constant('point.committed' as const), ...anyPoint, manifestDigest: seed.map(digest) }),
  fc.record({ type: fc.constant('point.condemned' as const), ...anyPoint, reason, by: fc.constantFrom('calendar', 'pressure', 'damage', 'operator'), actor, planHash: fc.option(seed.map(sha256)), purgeAfterMs: timeMs }),
  fc.record({ type: fc.constant('point.undeleted' as const), ...anyPoint, reason, actor }),
  fc.record({ type: fc.constant('point.purged' as const), ...anyPoint }),
  fc.record({ type: fc.constant('point.pinned' as const), ...anyPoint, reason, actor, untilMs: fc.option(timeMs) }),
  fc.record({ type: fc.constant('point.unpinned' as const), ...anyPoint, actor }),
  fc.record({ type: fc.constantFrom('point.held' as const, 'point.released' as const), ...anyPoint, reason, actor }),
  fc.record({ type: fc.constant('point.immutable' as const), ...anyPoint, untilMs: timeMs, actor }),
  fc.record({ type: fc.constant('point.marked' as const), ...anyPoint, state: fc.constantFrom('good', 'suspect', 'damaged'), cause: fc.constantFrom('scrub', 'drill'), reason }),
  fc.record({ type: fc.constant('deletion.requested' as const), requestId: requested, points: fc.array(fc.record(anyPoint), { minLength: 1, maxLength: 3 }), reason, actor, executeAfterMs: timeMs }),
  fc.record({ type: fc.constant('deletion.approved' as const), requestId: requested, actor }),
  fc.record({ type: fc.constant('deletion.withdrawn' as const), requestId: requested, actor, reason }),
  fc.record({ type: fc.constant('deletion.executed' as const), requestId: requested }),
  fc.record({ type: fc.constant('anomaly.raised' as const), ...anyPoint, lastCleanPointId: fc.option(anyPoint.pointId), kind: fc.constantFrom('change-rate', 'entropy'), detail: reason }),
  fc.record({ type: fc.constant('anomaly.cleared' as const), machineId: machine, actor, reason }),
  fc.record({ type: fc.constant('machine.tagged' as const), machineId: machine, tags: fc.array(anyTag, { maxLength: 4 }) }),
  fc.record({ type: fc.constant('retention.policy.set' as const), scope: fc.oneof(fc.record({ kind: fc.constant('default' as const) }), fc.record({ kind: fc.constant('tag' as const), tag: anyTag }), fc.record({ kind: fc.constant('machine' as const), machineId: machine })), policy: fc.constantFrom(null, defaultRetentionPolicy), actor }),
  fc.record({ type: fc.constant('store.settings.set' as const), settings: fc.constantFrom(defaultStoreSettings, { ...defaultStoreSettings, timeZone: 'Europe/Berlin' }), actor }),
  fc.record({ type: fc.constant('retention.ran' as const), planHash: seed.map(sha256), round: fc.integer({ min: 1, max: 3 }), prunedPoints: seed, freedBytes: fc.integer(), shortfallBytes: seed }),
  fc.record({ type: fc.constant('time.anchored' as const), wallMs: timeMs, trustedMs: timeMs, bootId: actor }),
  fc.record({
    type: fc.constant('drill.finished' as const), drillId: seed.map(drillId), ...anyPoint, level: fc.integer({ min: 1, max: 5 }), verdict: fc.constantFrom('passed', 'failed', 'inconclusive'), step: fc.constantFrom(null, 'boot'),
    code: fc.constantFrom(null, 'DRILL_X'), detail: text, trigger: fc.constantFrom('admin', 'schedule'), startedAtMs: timeMs, finishedAtMs: timeMs, rtoMs: fc.option(seed), rpoMs: fc.option(seed),
    evidence: fc.array(fc.record({ file: fc.constant('log.txt'), sha256: seed.map(sha256), sizeBytes: seed }), { maxLength: 2 }),
  }),
);

/** Any event at all, also ones that refer to machines, tokens and requests that were never made. */
export const anyEvent: fc.Arbitrary<LedgerEvent> = fc.oneof(
  { arbitrary: anyRetentionEvent, weight: 12 },
  fc.record({ type: fc.constant('writer.takeover' as const), writerToken: seed, host: text, pid: seed }),
  fc.record({ type: fc.constant('operator-token.created' as const), tokenId: seed.map(tokenId), secretSha256: seed.map(sha256), label: text }),
  fc.record({ type: fc.constant('enrolment-token.created' as const), tokenId: seed.map(tokenId), secretSha256: seed.map(sha256), usesMax: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), expiresAtMs: fc.integer({ min: 0, max: 8_640_000_000_000_000 }) }),
  fc.record({ type: fc.constant('enrolment-token.used' as const), tokenId: seed.map(tokenId) }),
  fc.record({ type: fc.constant('machine.enrolled' as const), machineId: machine, name, publicKey: key, facts: anyFacts }),
  fc.record({ type: fc.constant('machine.rekeyed' as const), machineId: machine, publicKey: key, facts: anyFacts }),
  fc.record({ type: fc.constant('enrolment.held' as const), requestId: seed.map(requestId), name, publicKey: key, facts: anyFacts, takenBy: machine }),
  fc.record({ type: fc.constant('enrolment.resolved' as const), requestId: seed.map(requestId), as: fc.constantFrom('continue', 'separate', 'reject'), machineId: fc.option(machine) }),
  fc.record({ type: fc.constant('point.committed' as const), pointId: fc.integer({ min: 1, max: 60 }).map(pointId), machineId: machine, manifestDigest: seed.map(digest) }),
  fc.record({ type: fc.constant('policy.set' as const), machineId: fc.option(machine), policy }),
);
