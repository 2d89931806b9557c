import { Defect, type LedgerEvent, type MachineId } from '@lifeboat/model';
import type { Prisma } from '../generated/client.js';
import { storableText } from '../database/stored-values.js';
import { defaultPolicySubject } from '../policies/prisma-policy-repository.js';
import { applyDrill } from './apply-drill.js';
import { applyPointEvent } from './apply-point-event.js';
import { applyRetentionEvent } from './apply-retention-event.js';
import type { LedgerPlace } from './ledger-place.js';
import type { PreparedRecord } from './point-row.js';

type Transaction = Prisma.TransactionClient;

/**
 * Applies one record inside a transaction. Every case overwrites what is there rather than failing on it: the ledger is the truth, and a
 * projection that refuses a record would refuse the whole store.
 *
 * @returns the machine whose points changed, if any; its totals are recomputed once per transaction.
 */
export async function applyRecord(tx: Transaction, { record, point }: PreparedRecord): Promise<MachineId | null> {
  const { event } = record;
  const place: LedgerPlace = { seq: BigInt(record.seq), atMs: BigInt(record.atMs) };
  switch (event.type) {
    case 'store.created':
    case 'writer.takeover':
      return null; // The watermark carries the store's identity; who wrote is of no interest here.
    case 'operator-token.created':
    case 'enrolment-token.created':
    case 'enrolment-token.used':
      await applyToken(tx, event, place);
      return null;
    case 'machine.enrolled':
    case 'machine.rekeyed':
      await applyMachine(tx, event, place);
      return null;
    case 'enrolment.held':
    case 'enrolment.resolved':
      await applyEnrolment(tx, event, place);
      return null;
    case 'policy.set':
      await applyPolicy(tx, event);
      return null;
    case 'point.committed': {
      if (!point) throw new Defect('a committed point was not prepared');
      await tx.restorePoint.upsert({ where: { pointId: event.pointId }, create: point, update: point });
      return event.machineId;
    }
    case 'point.condemned':
    case 'point.undeleted':
    case 'point.purged':
    case 'point.pinned':
    case 'point.unpinned':
    case 'point.held':
    case 'point.released':
    case 'point.immutable':
    case 'point.marked':
      return applyPointEvent(tx, event, place);
    case 'drill.finished':
      await applyDrill(tx, event, place);
      return null;
    case 'deletion.requested':
    case 'deletion.approved':
    case 'deletion.withdrawn':
    case 'deletion.executed':
    case 'anomaly.raised':
    case 'anomaly.cleared':
    case 'machine.tagged':
    case 'retention.policy.set':
    case 'store.settings.set':
    case 'retention.ran':
    case 'time.anchored':
      await applyRetentionEvent(tx, event, place);
      return null;
    default:
      return null; // What the store does to its packs is its own business.
  }
}

type EventOf<Type extends LedgerEvent['type']> = Extract<LedgerEvent, { type: Type }>;

async function applyToken(tx: Transaction, event: EventOf<'operator-token.created' | 'enrolment-token.created' | 'enrolment-token.used'>, { seq, atMs }: LedgerPlace): Promise<void> {
  const { tokenId } = event;
  if (event.type === 'operator-token.created') {
    const row = { secretSha256: event.secretSha256, label: storableText(event.label), role: event.role ?? 'admin', createdAtMs: atMs, seq };
    await tx.operatorToken.upsert({ where: { tokenId }, create: { tokenId, ...row }, update: row });
  } else if (event.type === 'enrolment-token.created') {
    const row = { secretSha256: event.secretSha256, usesMax: BigInt(event.usesMax), expiresAtMs: BigInt(event.expiresAtMs), createdAtMs: atMs, seq };
    await tx.enrolmentToken.upsert({ where: { tokenId }, create: { tokenId, ...row }, update: row });
  } else {
    await tx.enrolmentToken.updateMany({ where: { tokenId }, data: { uses: { increment: 1 } } });
  }
}

async function applyMachine(tx: Transaction, event: EventOf<'machine.enrolled' | 'machine.rekeyed'>, { seq, atMs }: LedgerPlace): Promise<void> {
  const { machineId, publicKey } = event;
  const factsJson = JSON.stringify(event.facts);
  if (event.type === 'machine.rekeyed') {
    await tx.computer.updateMany({ where: { machineId }, data: { publicKey, factsJson } });
    return;
  }
  const row = { name: event.name, publicKey, factsJson, enrolledAtMs: atMs, enrolledSeq: seq };
  await tx.computer.upsert({ where: { machineId }, create: { machineId, ...row }, update: row });
}

async function applyEnrolment(tx: Transaction, event: EventOf<'enrolment.held' | 'enrolment.resolved'>, { seq, atMs }: LedgerPlace): Promise<void> {
  const { requestId } = event;
  if (event.type === 'enrolment.resolved') {
    await tx.enrolment.updateMany({ where: { requestId }, data: { state: event.as, machineId: event.machineId, resolvedAtMs: atMs } });
    return;
  }
  const row = { seq, name: event.name, publicKey: event.publicKey, factsJson: JSON.stringify(event.facts), takenBy: event.takenBy, requestedAtMs: atMs };
  await tx.enrolment.upsert({ where: { requestId }, create: { requestId, ...row }, update: row });
}

async function applyPolicy(tx: Transaction, event: EventOf<'policy.set'>): Promise<void> {
  const subject = event.machineId ?? defaultPolicySubject;
  if (event.policy === null) {
    await tx.policy.deleteMany({ where: { subject } });
    return;
  }
  const row = { policyJson: JSON.stringify(event.policy) };
  await tx.policy.upsert({ where: { subject }, create: { subject, ...row }, update: row });
}
