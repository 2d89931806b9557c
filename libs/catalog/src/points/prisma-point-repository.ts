import { Consistency, Digest, MachineId, PointState, RestorePointId } from '@lifeboat/model';
import { numberOf, numberOrNull } from '../database/stored-values.js';
import type { PrismaClient, RestorePoint } from '../generated/client.js';
import { VersionAmbiguous, VersionNotFound } from './point-errors.js';
import type { PointCondemned, PointKeep, PointRecord, PointRepository } from './point-repository.js';

const candidatesMax = 10;
const idPrefix = /^[0-9a-f]{1,32}$/;

/** The committed restore points, from the table `restore_point`. */
export class PrismaPointRepository implements PointRepository {
  constructor(private readonly prisma: PrismaClient) {}

  async listByMachine(machineId: MachineId): Promise<readonly PointRecord[]> {
    return (await this.prisma.restorePoint.findMany({ where: { machineId }, orderBy: { seq: 'desc' } })).map(recordOf);
  }

  async listAll(): Promise<readonly PointRecord[]> {
    return (await this.prisma.restorePoint.findMany({ orderBy: { seq: 'asc' } })).map(recordOf);
  }

  async find(machineId: MachineId, pointId: RestorePointId): Promise<PointRecord | undefined> {
    const row = await this.prisma.restorePoint.findFirst({ where: { machineId, pointId } });
    return row ? recordOf(row) : undefined;
  }

  async resolve(machineId: MachineId, version: string): Promise<PointRecord> {
    if (version === 'latest') return this.latest(machineId);
    const prefix = version.toLowerCase();
    if (!idPrefix.test(prefix)) throw new VersionNotFound({ machineId, version });
    const where = { machineId, pointId: { startsWith: prefix } };
    const rows = await this.prisma.restorePoint.findMany({ where, orderBy: { seq: 'desc' }, take: candidatesMax });
    const [only, second] = rows;
    if (!only) throw new VersionNotFound({ machineId, version });
    if (second) throw new VersionAmbiguous({ machineId, version, pointIds: rows.map((row) => row.pointId) });
    return recordOf(only);
  }

  private async latest(machineId: MachineId): Promise<PointRecord> {
    for (const state of PointState.options) {
      const row = await this.prisma.restorePoint.findFirst({ where: { machineId, state, condemnedAtMs: null }, orderBy: { seq: 'desc' } });
      if (row) return recordOf(row);
    }
    throw new VersionNotFound({ machineId, version: 'latest' });
  }
}

function recordOf(row: RestorePoint): PointRecord {
  return {
    pointId: RestorePointId.parse(row.pointId),
    machineId: MachineId.parse(row.machineId),
    createdAtMs: numberOf(row.createdAtMs),
    kind: row.kind === 'incremental' ? 'incremental' : 'full',
    consistency: Consistency.parse(row.consistency),
    state: PointState.parse(row.state),
    bytes: {
      source: numberOf(row.sourceBytes), used: numberOf(row.usedBytes), read: numberOf(row.readBytes),
      changed: numberOf(row.changedBytes), sent: numberOf(row.sentBytes), stored: numberOf(row.storedBytes),
    },
    manifestDigest: Digest.parse(row.manifestDigest),
    basePointId: row.basePointId === null ? null : RestorePointId.parse(row.basePointId),
    durationMs: numberOf(row.durationMs),
    seq: numberOf(row.seq),
    layoutDigest: row.layoutDigest,
    osVersion: row.osVersion,
    ...afterCommit(row),
  };
}

type AfterCommit = Pick<PointRecord, 'mark' | 'condemned' | 'pinned' | 'held' | 'immutableUntilMs' | 'proof'>;

function afterCommit(row: RestorePoint): AfterCommit {
  const pinned = keepOf(row.pinnedAtMs, row.pinnedReason, row.pinnedActor);
  return {
    mark: row.markedAtMs === null ? null : { cause: row.markCause ?? '', reason: row.markReason ?? '', atMs: numberOf(row.markedAtMs) },
    condemned: condemnedOf(row),
    pinned: pinned && { ...pinned, untilMs: numberOrNull(row.pinnedUntilMs) },
    held: keepOf(row.heldAtMs, row.heldReason, row.heldActor),
    immutableUntilMs: numberOrNull(row.immutableUntilMs),
    proof: row.proofLevel === null || row.proofAtMs === null ? null : { level: row.proofLevel, atMs: numberOf(row.proofAtMs) },
  };
}

function keepOf(atMs: bigint | null, reason: string | null, actor: string | null): PointKeep | null {
  return atMs === null ? null : { atMs: numberOf(atMs), reason: reason ?? '', actor: actor ?? '' };
}

function condemnedOf({ condemnedAtMs, purgeAfterMs, condemnedBy, condemnedReason }: RestorePoint): PointCondemned | null {
  if (condemnedAtMs === null || purgeAfterMs === null) return null;
  return { atMs: numberOf(condemnedAtMs), purgeAfterMs: numberOf(purgeAfterMs), by: deletionCause(condemnedBy), reason: condemnedReason ?? '' };
}

/** The stored word; what is no such word was written by a newer version and is shown as an operator's decision. */
export function deletionCause(stored: string | null): PointCondemned['by'] {
  return stored === 'calendar' || stored === 'pressure' || stored === 'damage' ? stored : 'operator';
}
