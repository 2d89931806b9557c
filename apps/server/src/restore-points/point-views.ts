import type { PointRecord } from '@lifeboat/catalog';
import type { PointSummary, Version } from '@lifeboat/protocol';
import type { z } from 'zod';

/** A point as agents list it. */
export function pointSummaryOf(point: PointRecord): z.infer<typeof PointSummary> {
  const { pointId, createdAtMs, kind, consistency, state, bytes } = point;
  return { id: pointId, createdAt: isoOf(createdAtMs), kind, consistency, state, bytes };
}

/** What retention says of a point: why it stays, or why it goes next; and what its deletion alone would free. */
export type Keeping = Readonly<{ kept: readonly Readonly<{ code: string; text: string }>[]; goes: string | null; uniqueBytes: number | null }>;

const notAsked: Keeping = { kept: [], goes: null, uniqueBytes: null };

/** A point as operators list it. */
export function versionOf(point: PointRecord, keeping: Keeping = notAsked): Version {
  const { used, changed, sent, stored } = point.bytes;
  const { proof, pinned, held, immutableUntilMs, condemned, mark } = point;
  return {
    ...pointSummaryOf(point), bytes: { used, changed, sent, stored, unique: keeping.uniqueBytes }, proof: proof && { level: proof.level, at: isoOf(proof.atMs) }, pinned: pinned !== null,
    kept: keeping.kept.map(({ text }) => text), codes: keeping.kept.map(({ code }) => code), goes: keeping.goes,
    pin: pinned && { reason: pinned.reason, until: pinned.untilMs === null ? null : isoOf(pinned.untilMs), by: pinned.actor },
    held: held && { reason: held.reason, by: held.actor, since: isoOf(held.atMs) }, immutableUntil: immutableUntilMs === null ? null : isoOf(immutableUntilMs),
    deleted: condemned && { at: isoOf(condemned.atMs), purgeAfter: isoOf(condemned.purgeAfterMs), by: condemned.by, reason: condemned.reason },
    mark: mark && { cause: mark.cause, reason: mark.reason, at: isoOf(mark.atMs) },
  };
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
