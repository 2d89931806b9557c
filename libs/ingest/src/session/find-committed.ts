import type { RestorePointId } from '@lifeboat/model';
import type { IngestStore } from '../ingest-store.js';

/** Which of these points the ledger knows as committed. */
export async function findCommitted(store: IngestStore, pointIds: ReadonlySet<RestorePointId>): Promise<ReadonlySet<RestorePointId>> {
  const found = new Set<RestorePointId>();
  if (pointIds.size === 0) return found;
  for await (const { event } of store.readLedger(1)) {
    if (event.type === 'point.committed' && pointIds.has(event.pointId)) found.add(event.pointId);
  }
  return found;
}
