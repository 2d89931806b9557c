import { createHash } from 'node:crypto';
import { isLifeboatError, noBytes, type LedgerEvent, type LedgerRecord, type RestorePointManifest } from '@lifeboat/model';
import type { ReadManifest } from '../catalog.js';
import { storableText } from '../database/stored-values.js';
import type { Prisma } from '../generated/client.js';

type PointCommitted = Extract<LedgerEvent, { type: 'point.committed' }>;
type Summary = Pick<RestorePointManifest, 'createdAtMs' | 'kind' | 'consistency' | 'state' | 'bytes' | 'basePointId' | 'durationMs'> & Readonly<{ layoutDigest: string | null; osVersion: string | null }>;

/** The manifest is gone or does not verify; anything else, such as a disk that does not answer, must not turn a point red. */
const damageCodes = new Set(['POINT_MISSING', 'POINT_DAMAGED']);

/** A record with what the catalog keeps of the store beside it. */
export type PreparedRecord = Readonly<{ record: LedgerRecord; point: Prisma.RestorePointCreateInput | null }>;

/**
 * Reads from the store what a record needs, before any transaction begins. Only the summary is kept: a manifest may be megabytes.
 * One damaged point must not keep the other machines from being listed, so it becomes a row of its own kind.
 */
export async function prepareRecord(record: LedgerRecord, readManifest: ReadManifest): Promise<PreparedRecord> {
  const { event } = record;
  if (event.type !== 'point.committed') return { record, point: null };
  const summary = await readManifest(event.machineId, event.pointId).then(summaryOf).catch((error: unknown) => {
    if (isLifeboatError(error) && damageCodes.has(error.code)) return damagedSummary(record.atMs);
    throw error;
  });
  return { record, point: pointRow({ event, seq: record.seq }, summary) };
}

/** What the row keeps of a manifest. */
function summaryOf(manifest: RestorePointManifest): Summary {
  const layouts = manifest.disks.map(({ facts, layout }) => ({ diskId: facts.diskId, sizeBytes: layout.sizeBytes, table: layout.table, tableId: layout.tableId, partitions: layout.partitions }));
  const layoutDigest = createHash('sha256').update(JSON.stringify(layouts)).digest('hex');
  // A kernel update is no other operating system: only the first two numbers of the release count.
  const version = /^\d+(?:\.\d+)?/.exec(manifest.os.release)?.[0] ?? '';
  return { ...manifest, layoutDigest, osVersion: storableText(`${manifest.os.platform} ${version}`.trim()) };
}

function damagedSummary(createdAtMs: number): Summary {
  return { createdAtMs, kind: 'full', consistency: 'crash', state: 'damaged', bytes: noBytes, basePointId: null, durationMs: 0, layoutDigest: null, osVersion: null };
}

function pointRow({ event, seq }: Readonly<{ event: PointCommitted; seq: number }>, summary: Summary): Prisma.RestorePointCreateInput {
  const { bytes } = summary;
  return {
    pointId: event.pointId, machineId: event.machineId, seq: BigInt(seq), manifestDigest: event.manifestDigest,
    createdAtMs: BigInt(summary.createdAtMs), kind: summary.kind, consistency: summary.consistency, state: summary.state,
    layoutDigest: summary.layoutDigest, osVersion: summary.osVersion, basePointId: summary.basePointId, durationMs: BigInt(summary.durationMs),
    sourceBytes: BigInt(bytes.source), usedBytes: BigInt(bytes.used), readBytes: BigInt(bytes.read),
    changedBytes: BigInt(bytes.changed), sentBytes: BigInt(bytes.sent), storedBytes: BigInt(bytes.stored),
  };
}
