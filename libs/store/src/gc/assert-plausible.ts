import { GcImplausible } from './gc-errors.js';
import type { LiveMark } from './mark-live.js';

/** Share of the bytes by which two marks of the same points may differ: the set of live chunks is a filter. */
const toleratedShare = 0.001;

/** What a mark is judged by: the one before, in this process, and what else is known to be there. */
export type MarkEvidence = Readonly<{ mark: LiveMark; lastMark: LiveMark | undefined; packs: number; purgedPoints: number; leftovers: number }>;

/**
 * Distrusts a mark that would take away more than the purges since the last one explain.
 * @throws GcImplausible (GC_IMPLAUSIBLE).
 */
export function assertPlausible({ mark, lastMark, packs, purgedPoints, leftovers }: MarkEvidence): void {
  if (mark.points === 0 && mark.liveChunks === 0 && leftovers === 0 && packs > 0 && purgedPoints === 0) {
    throw new GcImplausible({ reason: 'there are packs, but no restore point was ever committed or deleted', packs });
  }
  if (!lastMark) return;
  let explainedBytes = lastMark.pointPlainBytes * toleratedShare;
  for (const [point, dataBytes] of lastMark.dataBytesOf) if (!mark.dataBytesOf.has(point)) explainedBytes += dataBytes;
  if (mark.pointPlainBytes + explainedBytes < lastMark.pointPlainBytes) {
    throw new GcImplausible({ reason: 'less is live than the purged points explain', liveBytes: mark.pointPlainBytes, liveBytesBefore: lastMark.pointPlainBytes, explainedBytes: Math.floor(explainedBytes) });
  }
}
