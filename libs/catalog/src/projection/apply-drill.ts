import type { LedgerEvent } from '@lifeboat/model';
import { bigintOrNull, storableText } from '../database/stored-values.js';
import type { Prisma } from '../generated/client.js';
import type { LedgerPlace } from './ledger-place.js';

type DrillFinished = Extract<LedgerEvent, { type: 'drill.finished' }>;

/** Notes a drill. One that passed proves its point at its level and is the machine's newest proof; the others prove nothing. */
export async function applyDrill(tx: Prisma.TransactionClient, event: DrillFinished, { seq }: LedgerPlace): Promise<void> {
  const { drillId, machineId, pointId, level, verdict, step, code, trigger } = event;
  const finishedAtMs = BigInt(event.finishedAtMs);
  const row = {
    seq, machineId, pointId, level, verdict, step: step === null ? null : storableText(step), code: code === null ? null : storableText(code), detail: storableText(event.detail), trigger,
    startedAtMs: BigInt(event.startedAtMs), finishedAtMs, rtoMs: bigintOrNull(event.rtoMs), rpoMs: bigintOrNull(event.rpoMs), evidenceJson: JSON.stringify(event.evidence),
  };
  await tx.drill.upsert({ where: { drillId }, create: { drillId, ...row }, update: row });
  if (verdict !== 'passed') return;
  await tx.restorePoint.updateMany({ where: { machineId, pointId, OR: [{ proofLevel: null }, { proofLevel: { lte: level } }] }, data: { proofLevel: level, proofAtMs: finishedAtMs } });
  await tx.computer.updateMany({ where: { machineId }, data: { proofLevel: level, proofAtMs: finishedAtMs } });
}
