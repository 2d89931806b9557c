import type { LedgerEvent, RetentionScope } from '@lifeboat/model';
import { storableText } from '../database/stored-values.js';
import type { Prisma } from '../generated/client.js';
import type { LedgerPlace } from './ledger-place.js';

type Transaction = Prisma.TransactionClient;

/** What is decided about retention as a whole, and what it did. */
export type RetentionEvent = Extract<LedgerEvent, Readonly<{
  type: 'deletion.requested' | 'deletion.approved' | 'deletion.withdrawn' | 'deletion.executed' | 'anomaly.raised' | 'anomaly.cleared' | 'machine.tagged' | 'retention.policy.set'
    | 'store.settings.set' | 'retention.ran' | 'time.anchored';
}>>;

/** The only row of `store_fact`. */
export const storeFactId = 1;

/** Text under which a scope's policies are kept. */
export function scopeText(scope: RetentionScope): string {
  switch (scope.kind) {
    case 'default':
      return 'default';
    case 'tag':
      return `tag:${scope.tag}`;
    case 'machine':
      return `machine:${scope.machineId}`;
  }
}

export async function applyRetentionEvent(tx: Transaction, event: RetentionEvent, place: LedgerPlace): Promise<void> {
  switch (event.type) {
    case 'deletion.requested':
    case 'deletion.approved':
    case 'deletion.withdrawn':
    case 'deletion.executed':
      await applyDeletionRequest(tx, event, place);
      return;
    case 'anomaly.raised':
    case 'anomaly.cleared':
      await applyAnomaly(tx, event, place);
      return;
    case 'machine.tagged':
      await tx.machineTag.deleteMany({ where: { machineId: event.machineId } });
      await tx.machineTag.createMany({ data: [...new Set(event.tags)].map((tag) => ({ machineId: event.machineId, tag })) });
      return;
    case 'retention.policy.set': {
      const row = { scope: scopeText(event.scope), policyJson: event.policy === null ? null : JSON.stringify(event.policy), actor: storableText(event.actor), setAtMs: place.atMs };
      await tx.retentionPolicy.upsert({ where: { seq: place.seq }, create: { seq: place.seq, ...row }, update: row });
      return;
    }
    case 'retention.ran': {
      const { planHash, round, prunedPoints } = event;
      const row = { planHash, round, prunedPoints, freedBytes: BigInt(event.freedBytes), shortfallBytes: BigInt(event.shortfallBytes), ranAtMs: place.atMs };
      await tx.retentionRun.upsert({ where: { seq: place.seq }, create: { seq: place.seq, ...row }, update: row });
      return;
    }
    case 'store.settings.set':
      await setFact(tx, { settingsJson: JSON.stringify(event.settings) });
      return;
    case 'time.anchored':
      await setFact(tx, {
        anchorWallMs: BigInt(event.wallMs), anchorTrustedMs: BigInt(event.trustedMs), anchorBootId: storableText(event.bootId), anchorMonotonicMs: wholeOrNull(event.monotonicMs),
        anchorBeliefLeftMs: wholeOrNull(event.beliefLeftMs),
      });
  }
}

type RequestEvent = Extract<RetentionEvent, Readonly<{ type: 'deletion.requested' | 'deletion.approved' | 'deletion.withdrawn' | 'deletion.executed' }>>;

async function applyDeletionRequest(tx: Transaction, event: RequestEvent, { seq, atMs }: LedgerPlace): Promise<void> {
  const { requestId } = event;
  if (event.type === 'deletion.requested') {
    const row = {
      seq, pointsJson: JSON.stringify(event.points), reason: storableText(event.reason), actor: storableText(event.actor), requestedAtMs: atMs, executeAfterMs: BigInt(event.executeAfterMs),
      state: 'waiting', decidedActor: null, decidedAtMs: null,
    };
    await tx.deletionRequest.upsert({ where: { requestId }, create: { requestId, ...row }, update: row });
    return;
  }
  if (event.type === 'deletion.executed') {
    await tx.deletionRequest.updateMany({ where: { requestId }, data: { state: 'executed' } });
    return;
  }
  const state = event.type === 'deletion.approved' ? 'approved' : 'withdrawn';
  // What was carried out or withdrawn stays so.
  await tx.deletionRequest.updateMany({ where: { requestId, state: { in: ['waiting', 'approved'] } }, data: { state, decidedActor: storableText(event.actor), decidedAtMs: atMs } });
}

async function applyAnomaly(tx: Transaction, event: Extract<RetentionEvent, Readonly<{ type: 'anomaly.raised' | 'anomaly.cleared' }>>, { seq, atMs }: LedgerPlace): Promise<void> {
  const { machineId } = event;
  if (event.type === 'anomaly.cleared') {
    await tx.anomaly.updateMany({ where: { machineId, clearedAtMs: null }, data: { clearedAtMs: atMs, clearedActor: storableText(event.actor), clearedReason: storableText(event.reason) } });
    return;
  }
  const row = { machineId, pointId: event.pointId, lastCleanPointId: event.lastCleanPointId, kind: event.kind, detail: storableText(event.detail), raisedAtMs: atMs };
  await tx.anomaly.upsert({ where: { seq }, create: { seq, ...row }, update: row });
}

async function setFact(tx: Transaction, fact: Prisma.StoreFactUpdateInput & Prisma.StoreFactCreateInput): Promise<void> {
  await tx.storeFact.upsert({ where: { id: storeFactId }, create: { id: storeFactId, ...fact }, update: fact });
}

/** Parts of a millisecond do not matter here. */
function wholeOrNull(value: number | undefined): bigint | null {
  return value === undefined ? null : BigInt(Math.min(Number.MAX_SAFE_INTEGER, Math.floor(value)));
}
