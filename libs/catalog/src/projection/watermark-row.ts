import { StoreId } from '@lifeboat/model';
import type { Watermark } from '../catalog.js';
import { numberOf } from '../database/stored-values.js';
import type { Prisma } from '../generated/client.js';

/** The watermark with the fingerprint of the record it stands at. */
export type WatermarkRow = Watermark & Readonly<{ recordFingerprint: string | null }>;

const id = 1;

export async function readWatermark(client: Prisma.TransactionClient): Promise<WatermarkRow> {
  const row = await client.ledgerWatermark.findUnique({ where: { id } });
  if (!row) return { storeId: null, seq: 0, recordFingerprint: null };
  return { storeId: row.storeId === null ? null : StoreId.parse(row.storeId), seq: numberOf(row.seq), recordFingerprint: row.recordFingerprint };
}

/** Reads the watermark and keeps other writers out until the transaction ends. */
export async function lockWatermark(tx: Prisma.TransactionClient): Promise<WatermarkRow> {
  await tx.$executeRaw`INSERT INTO ledger_watermark (id) VALUES (${id}) ON CONFLICT (id) DO NOTHING`;
  await tx.$executeRaw`SELECT 1 FROM ledger_watermark WHERE id = ${id} FOR UPDATE`;
  return readWatermark(tx);
}

export async function moveWatermark(tx: Prisma.TransactionClient, to: WatermarkRow): Promise<void> {
  await tx.ledgerWatermark.update({ where: { id }, data: { storeId: to.storeId, seq: BigInt(to.seq), recordFingerprint: to.recordFingerprint } });
}
