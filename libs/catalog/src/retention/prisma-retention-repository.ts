import { DeletionRequestId, LedgerEvent, MachineId, MachineTag, RestorePointId, RetentionPolicy, RetentionScope, StoreSettings } from '@lifeboat/model';
import { numberOf, numberOrNull } from '../database/stored-values.js';
import type { Anomaly, DeletionRequest, PointDeletion, PrismaClient, RetentionPolicy as PolicyRow } from '../generated/client.js';
import { deletionCause } from '../points/prisma-point-repository.js';
import { storeFactId } from '../projection/apply-retention-event.js';
import type {
  AnomalyRecord, DeletionRequestRecord, PointDeletionRecord, RetentionPolicyRecord, RetentionRepository, RetentionRunRecord, TimeAnchorRecord,
} from './retention-repository.js';

const listMax = 1000;
const deletionsMax = 10_000;
const openStates = ['waiting', 'approved'];
const requestStates = ['waiting', 'approved', 'withdrawn', 'executed'] as const;

/** What was decided about keeping and deleting, from the tables around `retention_policy`. */
export class PrismaRetentionRepository implements RetentionRepository {
  constructor(private readonly prisma: PrismaClient) {}

  async policies(): Promise<readonly RetentionPolicyRecord[]> {
    const rows = await this.prisma.retentionPolicy.findMany({ distinct: ['scope'], orderBy: { seq: 'desc' } });
    return rows.filter((row) => row.policyJson !== null).map(policyOf);
  }

  async policyHistory(limit: number): Promise<readonly RetentionPolicyRecord[]> {
    return (await this.prisma.retentionPolicy.findMany({ orderBy: { seq: 'desc' }, take: Math.min(limit, listMax) })).map(policyOf);
  }

  async tags(): Promise<ReadonlyMap<MachineId, readonly MachineTag[]>> {
    const tagsOf = new Map<MachineId, MachineTag[]>();
    for (const row of await this.prisma.machineTag.findMany()) {
      const machineId = MachineId.parse(row.machineId);
      tagsOf.set(machineId, [...(tagsOf.get(machineId) ?? []), MachineTag.parse(row.tag)]);
    }
    for (const tags of tagsOf.values()) tags.sort();
    return tagsOf;
  }

  async settings(): Promise<StoreSettings | null> {
    const row = await this.prisma.storeFact.findUnique({ where: { id: storeFactId } });
    return row?.settingsJson == null ? null : StoreSettings.parse(JSON.parse(row.settingsJson));
  }

  async timeAnchor(): Promise<TimeAnchorRecord | null> {
    const row = await this.prisma.storeFact.findUnique({ where: { id: storeFactId } });
    if (row?.anchorWallMs == null || row.anchorTrustedMs === null) return null;
    const { anchorWallMs, anchorTrustedMs, anchorBootId, anchorMonotonicMs, anchorBeliefLeftMs } = row;
    return {
      wallMs: numberOf(anchorWallMs), trustedMs: numberOf(anchorTrustedMs), bootId: anchorBootId ?? '', monotonicMs: numberOrNull(anchorMonotonicMs), beliefLeftMs: numberOrNull(anchorBeliefLeftMs),
    };
  }

  async openRequests(): Promise<readonly DeletionRequestRecord[]> {
    return (await this.prisma.deletionRequest.findMany({ where: { state: { in: openStates } }, orderBy: { seq: 'asc' } })).map(requestOf);
  }

  async listRequests(limit: number): Promise<readonly DeletionRequestRecord[]> {
    return (await this.prisma.deletionRequest.findMany({ orderBy: { seq: 'desc' }, take: Math.min(limit, listMax) })).map(requestOf);
  }

  async findRequest(requestId: DeletionRequestId): Promise<DeletionRequestRecord | undefined> {
    const row = await this.prisma.deletionRequest.findUnique({ where: { requestId } });
    return row ? requestOf(row) : undefined;
  }

  async deletions(sinceMs: number): Promise<readonly PointDeletionRecord[]> {
    return (await this.prisma.pointDeletion.findMany({ where: { condemnedAtMs: { gte: BigInt(sinceMs) } }, orderBy: { seq: 'desc' }, take: deletionsMax })).map(deletionOf);
  }

  async runs(limit: number): Promise<readonly RetentionRunRecord[]> {
    const rows = await this.prisma.retentionRun.findMany({ orderBy: { seq: 'desc' }, take: Math.min(limit, listMax) });
    return rows.map(({ seq, freedBytes, shortfallBytes, ranAtMs, ...same }) => ({
      ...same, seq: numberOf(seq), freedBytes: numberOf(freedBytes), shortfallBytes: numberOf(shortfallBytes), ranAtMs: numberOf(ranAtMs),
    }));
  }

  async openAnomalies(): Promise<readonly AnomalyRecord[]> {
    return (await this.prisma.anomaly.findMany({ where: { clearedAtMs: null }, orderBy: { seq: 'asc' } })).map(anomalyOf);
  }

  async anomaliesOf(machineId: MachineId): Promise<readonly AnomalyRecord[]> {
    return (await this.prisma.anomaly.findMany({ where: { machineId }, orderBy: { seq: 'desc' }, take: listMax })).map(anomalyOf);
  }
}

function policyOf({ seq, scope, policyJson, actor, setAtMs }: PolicyRow): RetentionPolicyRecord {
  const policy = policyJson === null ? null : RetentionPolicy.parse(JSON.parse(policyJson));
  return { seq: numberOf(seq), scope: scopeOf(scope), policy, actor, setAtMs: numberOf(setAtMs) };
}

function scopeOf(text: string): RetentionScope {
  const [kind, rest] = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)];
  if (kind === 'tag') return { kind, tag: MachineTag.parse(rest) };
  return kind === 'machine' ? { kind, machineId: MachineId.parse(rest) } : { kind: 'default' };
}

function requestOf(row: DeletionRequest): DeletionRequestRecord {
  const { requestId, actor, reason, decidedActor } = row;
  // Parsed as the event it came from, which bounds the list.
  const event = LedgerEvent.parse({ type: 'deletion.requested', requestId, points: JSON.parse(row.pointsJson) as unknown, reason, actor, executeAfterMs: numberOf(row.executeAfterMs) });
  const points = event.type === 'deletion.requested' ? event.points : [];
  return {
    requestId: DeletionRequestId.parse(requestId), points, reason, actor, requestedAtMs: numberOf(row.requestedAtMs), executeAfterMs: numberOf(row.executeAfterMs),
    state: requestStates.find((state) => state === row.state) ?? 'waiting', decidedActor, decidedAtMs: numberOrNull(row.decidedAtMs),
  };
}

function deletionOf(row: PointDeletion): PointDeletionRecord {
  return {
    seq: numberOf(row.seq), machineId: MachineId.parse(row.machineId), pointId: RestorePointId.parse(row.pointId), by: deletionCause(row.by), reason: row.reason, actor: row.actor,
    planHash: row.planHash, condemnedAtMs: numberOf(row.condemnedAtMs), undeletedAtMs: numberOrNull(row.undeletedAtMs), purgedAtMs: numberOrNull(row.purgedAtMs),
  };
}

function anomalyOf(row: Anomaly): AnomalyRecord {
  return {
    seq: numberOf(row.seq), machineId: MachineId.parse(row.machineId), pointId: RestorePointId.parse(row.pointId),
    lastCleanPointId: row.lastCleanPointId === null ? null : RestorePointId.parse(row.lastCleanPointId), kind: row.kind === 'entropy' ? 'entropy' : 'change-rate',
    detail: row.detail, raisedAtMs: numberOf(row.raisedAtMs), clearedAtMs: numberOrNull(row.clearedAtMs),
  };
}
