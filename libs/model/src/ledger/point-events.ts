import { z } from 'zod';
import { DeletionRequestId, DrillId, MachineId, RestorePointId } from '../ids/ids.js';
import { MachineTag, RetentionPolicy, RetentionScope } from '../policy/retention-policy.js';
import { StoreSettings } from '../policy/store-settings.js';
import { PointState } from '../restore-point/manifest.js';

const epochMs = z.number().int().nonnegative().max(8_640_000_000_000_000);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const reason = z.string().min(1).max(1000);
/** Who decided: the label of an operator's login, or `lifeboat` when the server did. */
const actor = z.string().min(1).max(128);
const point = { machineId: MachineId, pointId: RestorePointId };
const pointRef = z.strictObject(point);

/** What happens to points after they were committed. */
export const pointEvents = [
  /** Shown as deleted; can be brought back until it is purged, which may happen from `purgeAfterMs` on. */
  z.strictObject({
    type: z.literal('point.condemned'), ...point, reason, by: z.enum(['calendar', 'pressure', 'damage', 'operator']), actor, planHash: sha256.nullable(), purgeAfterMs: epochMs,
  }),
  z.strictObject({ type: z.literal('point.undeleted'), ...point, reason, actor }),
  /** Gone for good: its bytes may be collected. */
  z.strictObject({ type: z.literal('point.purged'), ...point }),
  /** Kept by an operator, until `untilMs` or until unpinned. */
  z.strictObject({ type: z.literal('point.pinned'), ...point, reason, actor, untilMs: epochMs.nullable() }),
  z.strictObject({ type: z.literal('point.unpinned'), ...point, actor }),
  /** Kept for a legal reason; only an admin with that right releases it. */
  z.strictObject({ type: z.literal('point.held'), ...point, reason, actor }),
  z.strictObject({ type: z.literal('point.released'), ...point, reason, actor }),
  /** Cannot be deleted by anybody before `untilMs` of trusted time. The latest date counts; an earlier one changes nothing. */
  z.strictObject({ type: z.literal('point.immutable'), ...point, untilMs: epochMs, actor }),
  /** What became known of a committed point. A point that was healed is marked good again. */
  z.strictObject({ type: z.literal('point.marked'), ...point, state: PointState, cause: z.enum(['scrub', 'fsck', 'drill', 'tracker', 'heal', 'operator']), reason }),
  /** Deletions above the caps wait for a second operator, or until `executeAfterMs`. */
  z.strictObject({ type: z.literal('deletion.requested'), requestId: DeletionRequestId, points: z.array(pointRef).min(1).max(5000), reason, actor, executeAfterMs: epochMs }),
  z.strictObject({ type: z.literal('deletion.approved'), requestId: DeletionRequestId, actor }),
  z.strictObject({ type: z.literal('deletion.withdrawn'), requestId: DeletionRequestId, actor, reason }),
  /** Every point of the request was condemned, or is gone by now; it is never carried out again. */
  z.strictObject({ type: z.literal('deletion.executed'), requestId: DeletionRequestId }),
  /** A machine changed as a healthy one does not; nothing of it is pruned until cleared. */
  z.strictObject({
    type: z.literal('anomaly.raised'), ...point, lastCleanPointId: RestorePointId.nullable(), kind: z.enum(['change-rate', 'entropy']), detail: reason,
  }),
  z.strictObject({ type: z.literal('anomaly.cleared'), machineId: MachineId, actor, reason }),
  z.strictObject({ type: z.literal('machine.tagged'), machineId: MachineId, tags: z.array(MachineTag).max(32) }),
  /** null goes back to the policy above it. */
  z.strictObject({ type: z.literal('retention.policy.set'), scope: RetentionScope, policy: RetentionPolicy.nullable(), actor }),
  z.strictObject({ type: z.literal('store.settings.set'), settings: StoreSettings, actor }),
  /** One round of retention: what it did and what was measured after garbage collection. */
  z.strictObject({
    type: z.literal('retention.ran'), planHash: sha256, round: z.number().int().min(1).max(3), prunedPoints: z.number().int().nonnegative(),
    freedBytes: z.number().int(), shortfallBytes: z.number().int().nonnegative(),
  }),
  /** A fire drill's verdict. `inconclusive` is neither proof nor damage. */
  z.strictObject({
    type: z.literal('drill.finished'), drillId: DrillId, ...point, level: z.number().int().min(1).max(5), verdict: z.enum(['passed', 'failed', 'inconclusive']),
    step: z.string().max(64).nullable(), code: z.string().max(64).nullable(), detail: z.string().max(4000), trigger: z.enum(['admin', 'schedule', 'self-test']),
    startedAtMs: epochMs, finishedAtMs: epochMs, rtoMs: z.number().int().nonnegative().nullable(), rpoMs: z.number().int().nonnegative().nullable(),
    evidence: z.array(z.strictObject({ file: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,95}$/), sha256, sizeBytes: z.number().int().nonnegative() })).max(500),
  }),
] as const;
