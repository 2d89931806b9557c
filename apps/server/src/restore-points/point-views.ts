import type { PointRecord } from '@lifeboat/catalog';
import type { PointSummary, Version } from '@lifeboat/protocol';
import type { z } from 'zod';

/** A point as agents list it. */
export function pointSummaryOf(point: PointRecord): z.infer<typeof PointSummary> {
  const { pointId, createdAtMs, kind, consistency, state, bytes } = point;
  return { id: pointId, createdAt: new Date(createdAtMs).toISOString(), kind, consistency, state, bytes };
}

/** A point as operators list it. */
export function versionOf(point: PointRecord, keptReasons: readonly string[]): Version {
  const { used, changed, sent, stored } = point.bytes;
  return { ...pointSummaryOf(point), bytes: { used, changed, sent, stored, unique: null }, proof: null, pinned: false, kept: [...keptReasons] };
}
