import { Consistency, Digest, MachineId, PointState, RestorePointId } from '@lifeboat/model';
import { numberOf } from '../database/stored-values.js';
import type { PrismaClient, RestorePoint } from '../generated/client.js';
import { VersionAmbiguous, VersionNotFound } from './point-errors.js';
import type { PointRecord, PointRepository } from './point-repository.js';

const candidatesMax = 10;
const idPrefix = /^[0-9a-f]{1,32}$/;

/** The committed restore points, from the table `restore_point`. */
export class PrismaPointRepository implements PointRepository {
  constructor(private readonly prisma: PrismaClient) {}

  async listByMachine(machineId: MachineId): Promise<readonly PointRecord[]> {
    return (await this.prisma.restorePoint.findMany({ where: { machineId }, orderBy: { seq: 'desc' } })).map(recordOf);
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
      const row = await this.prisma.restorePoint.findFirst({ where: { machineId, state }, orderBy: { seq: 'desc' } });
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
  };
}
