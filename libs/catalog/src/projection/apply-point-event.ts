import type { LedgerEvent, MachineId } from '@lifeboat/model';
import { bigintOrNull, storableText } from '../database/stored-values.js';
import type { Prisma } from '../generated/client.js';
import type { LedgerPlace } from './ledger-place.js';

type Transaction = Prisma.TransactionClient;

/** What happens to a point after its commit, drills aside. */
export type PointEvent = Extract<LedgerEvent, Readonly<{
  type: 'point.condemned' | 'point.undeleted' | 'point.purged' | 'point.pinned' | 'point.unpinned' | 'point.held' | 'point.released' | 'point.immutable' | 'point.marked';
}>>;

/** Applies one event to the point's row. Points that are not known, or are another machine's, are left alone. @returns the machine whose totals may have changed. */
export async function applyPointEvent(tx: Transaction, event: PointEvent, place: LedgerPlace): Promise<MachineId> {
  const { machineId, pointId } = event;
  const where = { machineId, pointId };
  switch (event.type) {
    case 'point.condemned':
      await condemn(tx, event, place);
      break;
    case 'point.undeleted':
      await tx.restorePoint.updateMany({ where, data: { condemnedAtMs: null, purgeAfterMs: null, condemnedBy: null, condemnedReason: null } });
      await closeDeletions(tx, event, { undeletedAtMs: place.atMs });
      break;
    case 'point.purged':
      await tx.restorePoint.deleteMany({ where });
      await closeDeletions(tx, event, { purgedAtMs: place.atMs });
      break;
    case 'point.immutable':
      // The latest date counts: an earlier one changes nothing.
      await tx.$executeRaw`UPDATE restore_point SET immutable_until_ms = GREATEST(immutable_until_ms, ${BigInt(event.untilMs)}) WHERE machine_id = ${machineId} AND point_id = ${pointId}`;
      break;
    default:
      await tx.restorePoint.updateMany({ where, data: changeOf(event, place) });
  }
  return machineId;
}

type KeepingEvent = Exclude<PointEvent, { type: 'point.condemned' | 'point.undeleted' | 'point.purged' | 'point.immutable' }>;

function changeOf(event: KeepingEvent, { atMs }: LedgerPlace): Prisma.RestorePointUpdateManyMutationInput {
  switch (event.type) {
    case 'point.pinned':
      return { pinnedAtMs: atMs, pinnedUntilMs: bigintOrNull(event.untilMs), pinnedReason: storableText(event.reason), pinnedActor: storableText(event.actor) };
    case 'point.unpinned':
      return { pinnedAtMs: null, pinnedUntilMs: null, pinnedReason: null, pinnedActor: null };
    case 'point.held':
      return { heldAtMs: atMs, heldReason: storableText(event.reason), heldActor: storableText(event.actor) };
    case 'point.released':
      return { heldAtMs: null, heldReason: null, heldActor: null };
    case 'point.marked':
      return { state: event.state, markCause: event.cause, markReason: storableText(event.reason), markedAtMs: atMs };
  }
}

async function condemn(tx: Transaction, event: Extract<PointEvent, { type: 'point.condemned' }>, { seq, atMs }: LedgerPlace): Promise<void> {
  const { machineId, pointId, by, planHash } = event;
  const reason = storableText(event.reason);
  await tx.restorePoint.updateMany({ where: { machineId, pointId }, data: { condemnedAtMs: atMs, purgeAfterMs: BigInt(event.purgeAfterMs), condemnedBy: by, condemnedReason: reason } });
  const row = { machineId, pointId, by, reason, actor: storableText(event.actor), planHash, condemnedAtMs: atMs };
  await tx.pointDeletion.upsert({ where: { seq }, create: { seq, ...row }, update: row });
}

async function closeDeletions(tx: Transaction, { machineId, pointId }: PointEvent, data: Prisma.PointDeletionUpdateManyMutationInput): Promise<void> {
  await tx.pointDeletion.updateMany({ where: { machineId, pointId, undeletedAtMs: null, purgedAtMs: null }, data });
}
