import fc from 'fast-check';
import {
  BackupPolicy, ComputerName, defaultBackupPolicy, Digest, EnrolmentRequestId, MachineId, OperationalError, PublicKey, RestorePointId, StoreId, TokenId,
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

/** Any event at all, also ones that refer to machines, tokens and requests that were never made. */
export const anyEvent: fc.Arbitrary<LedgerEvent> = fc.oneof(
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
