import { z } from 'zod';
import { DeletionRequestId, MachineId, MachineTag, OperatorRole, RestorePointId, RetentionPolicy, RetentionScope, StoreSettings } from '@lifeboat/model';

const isoTime = z.string();
const byteCount = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const epochMs = z.number().int().nonnegative().max(8_640_000_000_000_000);
const reason = z.string().min(1).max(1000);
const planHash = z.string().regex(/^[0-9a-f]{64}$/);
const code = z.string().max(64);

/** How tight room is in the store. */
export const Pressure = z.enum(['green', 'yellow', 'orange', 'red']);
export type Pressure = z.infer<typeof Pressure>;

/** A point by the name of its computer. */
const pointName = { computer: z.string(), machineId: MachineId, id: RestorePointId, createdAt: isoTime };

/** Why a point stays; codes are stable, texts are for people. */
export const KeepReasonView = z.strictObject({ code, text: z.string() });

/** Query of GET `retentionPlan`: what would go with `free` bytes free, or at another time. */
export const RetentionPlanQuery = z.strictObject({ free: z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER).optional(), at: z.coerce.date().optional() });

/** POST to `retentionSimulation`: the same with a policy or settings that are not in force. */
export const RetentionSimulation = z.strictObject({
  freeBytes: byteCount.optional(), at: epochMs.optional(),
  draft: z.strictObject({ scope: RetentionScope, policy: RetentionPolicy.nullable() }).optional(),
  settings: StoreSettings.optional(),
});
export type RetentionSimulation = z.infer<typeof RetentionSimulation>;

/** A plan as people and scripts see it. `uniqueBytes` is what a point's deletion adds to what those before it in the list free. */
export const RetentionPlanView = z.strictObject({
  v: z.literal(1), planHash, stateVersion: z.number().int(), madeAt: isoTime, pressure: Pressure,
  keep: z.array(z.strictObject({ ...pointName, reasons: z.array(z.string()), codes: z.array(code) })),
  prune: z.array(z.strictObject({ ...pointName, reason: z.string(), code, by: z.enum(['calendar', 'pressure', 'damage']), uniqueBytes: byteCount, cumulativeFreeBytes: byteCount, needsApproval: z.string().nullable() })),
  purge: z.array(z.strictObject({ ...pointName, reason: z.string(), uniqueBytes: byteCount })),
  /** Deleted already and can still be brought back. */
  condemned: z.array(z.strictObject({ ...pointName, purgeAfter: isoTime })),
  targetBytes: byteCount, expectedFreeBytes: z.number(), shortfallBytes: byteCount,
});
export type RetentionPlanView = z.infer<typeof RetentionPlanView>;

/** What a draft changes against what is in force now; both planned for the same moment and room. */
export const RetentionComparison = z.strictObject({
  v: z.literal(1), plan: RetentionPlanView, today: RetentionPlanView.nullable(),
  /** Points that go with the draft only, and those that stay with the draft only. */
  moreDeleted: z.number().int(), moreKept: z.number().int(),
});
export type RetentionComparison = z.infer<typeof RetentionComparison>;

/** Where a value of a machine's policy comes from; `built-in` is what nobody decided. */
export const PolicyOrigin = z.union([RetentionScope, z.strictObject({ kind: z.literal('built-in') })]);
const policyField = z.strictObject({ value: z.number().nullable(), origin: PolicyOrigin, inherited: z.number().nullable(), overrides: z.boolean() });
/** Each value in force with its origin, and what would be in force without it. */
export const PolicyFields = z.strictObject({
  keepLast: policyField, keepHourly: policyField, keepDaily: policyField, keepWeekly: policyField, keepMonthly: policyField, keepYearly: policyField, keepWithinMs: policyField, minKeep: policyField, weight: policyField,
});

/** What retention does at the moment, and how the last run ended. */
export const RetentionRunView = z.strictObject({
  state: z.enum(['idle', 'running']), trigger: z.enum(['operator', 'commit', 'pressure', 'daily', 'start']).nullable(), phase: z.enum(['plan', 'condemn', 'purge', 'collect']).nullable(), round: z.number().int().nullable(),
  startedAt: isoTime.nullable(),
  last: z.strictObject({
    planHash, startedAt: isoTime, finishedAt: isoTime, outcome: z.enum(['done', 'stopped', 'failed']), code: code.nullable(), message: z.string().nullable(), rounds: z.number().int(),
    condemnedPoints: z.number().int(), purgedPoints: z.number().int(), freedBytes: z.number().int(), shortfallBytes: byteCount, waitingForApproval: z.number().int(),
  }).nullable(),
});
export type RetentionRunView = z.infer<typeof RetentionRunView>;

const policySet = z.strictObject({ scope: RetentionScope, policy: RetentionPolicy.nullable(), actor: z.string(), setAt: isoTime });

/** A deletion above the caps that waits for a second operator or for its time. */
export const DeletionRequestView = z.strictObject({
  requestId: DeletionRequestId, state: z.enum(['waiting', 'approved', 'withdrawn', 'executed']), points: z.array(z.strictObject({ computer: z.string(), machineId: MachineId, id: RestorePointId })), reason: z.string(), actor: z.string(),
  requestedAt: isoTime, executeAfter: isoTime, decidedBy: z.string().nullable(), decidedAt: isoTime.nullable(),
});
export type DeletionRequestView = z.infer<typeof DeletionRequestView>;

/** A machine that changed as a healthy one does not; nothing of it is pruned until an operator clears it. */
export const AnomalyView = z.strictObject({ computer: z.string(), machineId: MachineId, id: RestorePointId, lastCleanId: RestorePointId.nullable(), kind: z.enum(['change-rate', 'entropy']), detail: z.string(), raisedAt: isoTime });

/** Everything about retention but the plan. */
export const RetentionView = z.strictObject({
  v: z.literal(1), settings: StoreSettings, settingsSet: z.boolean(), pressure: Pressure,
  policies: z.array(policySet), history: z.array(policySet),
  presets: z.array(z.strictObject({ name: z.string(), text: z.string(), policy: RetentionPolicy })),
  computers: z.array(z.strictObject({ computer: z.string(), machineId: MachineId, tags: z.array(MachineTag), policy: RetentionPolicy, fields: PolicyFields })),
  run: RetentionRunView, requests: z.array(DeletionRequestView), anomalies: z.array(AnomalyView),
  runs: z.array(z.strictObject({ planHash, round: z.number().int(), prunedPoints: z.number().int(), freedBytes: z.number().int(), shortfallBytes: byteCount, ranAt: isoTime })),
});
export type RetentionView = z.infer<typeof RetentionView>;

/** POST to `retentionBlastRadius`: what a change would do within seven days, before it takes effect. */
export const PolicyChange = z.strictObject({ scope: RetentionScope, policy: RetentionPolicy.nullable() });
export type PolicyChange = z.infer<typeof PolicyChange>;
export const SettingsChange = z.strictObject({ settings: StoreSettings });

/** What saving would change. `confirm` is what the saving request has to bring along; it is another one as soon as something else would go. */
export const BlastRadius = z.strictObject({
  v: z.literal(1), computers: z.array(z.strictObject({ computer: z.string(), machineId: MachineId })),
  deleted: z.array(z.strictObject({ ...pointName, reason: z.string(), uniqueBytes: byteCount })), kept: z.number().int(), freedBytes: byteCount, confirm: planHash,
});
export type BlastRadius = z.infer<typeof BlastRadius>;

/** PUT to `retentionPolicies`. Without `confirm` only changes that delete nothing are saved. */
export const PolicySave = z.strictObject({ scope: RetentionScope, policy: RetentionPolicy.nullable(), confirm: planHash.nullable().default(null) });
export const SettingsSave = z.strictObject({ settings: StoreSettings, confirm: planHash.nullable().default(null) });
export const PolicySaved = z.strictObject({ v: z.literal(1), scope: RetentionScope, policy: RetentionPolicy.nullable(), radius: BlastRadius });
export const SettingsSaved = z.strictObject({ v: z.literal(1), settings: StoreSettings, radius: BlastRadius });

/** POST to `retentionRun`; null runs whatever the plan is at that moment. */
export const RetentionRunRequest = z.strictObject({ planHash: planHash.nullable().default(null) });
export const RetentionRunStarted = z.strictObject({ v: z.literal(1), planHash, run: RetentionRunView });
export const RetentionRunState = z.strictObject({ v: z.literal(1), run: RetentionRunView });

/** POST to `pinVersion`; null is until unpinned. */
export const PinRequest = z.strictObject({ reason, until: epochMs.nullable().default(null) });
/** POST to `holdVersion`, `releaseVersion`, `undeleteVersion`. */
export const ReasonRequest = z.strictObject({ reason });
/** POST to `freezeVersion`: nobody deletes the point before `until`. */
export const ImmutableRequest = z.strictObject({ until: epochMs });
/** POST to `deleteVersion`; `confirm` is the computer's name. */
export const DeleteRequest = z.strictObject({ reason: reason.default('deleted by an operator'), confirm: z.string().max(256) });
/** `deleted` can be undone until `purgeAfter`; `requested` waits for a second operator or until `executeAfter`. */
export const DeleteAnswer = z.discriminatedUnion('outcome', [
  z.strictObject({ v: z.literal(1), outcome: z.literal('deleted'), id: RestorePointId, purgeAfter: isoTime }),
  z.strictObject({ v: z.literal(1), outcome: z.literal('requested'), id: RestorePointId, requestId: DeletionRequestId, executeAfter: isoTime, why: z.string() }),
]);
export type DeleteAnswer = z.infer<typeof DeleteAnswer>;

export const DeletionRequestList = z.strictObject({ v: z.literal(1), requests: z.array(DeletionRequestView) });
export const DeletionRequestAnswer = z.strictObject({ v: z.literal(1), request: DeletionRequestView });

/** PUT to `machineTags`. */
export const TagsSet = z.strictObject({ tags: z.array(MachineTag).max(32) });
export const TagsView = z.strictObject({ v: z.literal(1), computer: z.string(), machineId: MachineId, tags: z.array(MachineTag) });

/** What became of points that were deleted, newest first. */
export const DeletionList = z.strictObject({
  v: z.literal(1),
  deletions: z.array(z.strictObject({
    computer: z.string(), machineId: MachineId, id: RestorePointId, by: z.enum(['calendar', 'pressure', 'damage', 'operator']), reason: z.string(), actor: z.string(), planHash: z.string().nullable(), deletedAt: isoTime,
    undeletedAt: isoTime.nullable(), purgedAt: isoTime.nullable(),
  })),
});

/** Operators and what they may do. The token is shown once. */
export const OperatorView = z.strictObject({ label: z.string(), role: OperatorRole, createdAt: isoTime });
export const OperatorList = z.strictObject({ v: z.literal(1), operators: z.array(OperatorView) });
export const OperatorCreate = z.strictObject({ label: z.string().trim().min(1).max(128), role: OperatorRole.default('operator') });
export const OperatorCreated = z.strictObject({ v: z.literal(1), token: z.string(), label: z.string(), role: OperatorRole });

/** Free bytes (or inodes) below which the store is so tight. */
export const Watermarks = z.strictObject({
  greenFreeBytes: byteCount, yellowFreeBytes: byteCount, orangeFreeBytes: byteCount, reserveBytes: byteCount,
  inodes: z.strictObject({ total: byteCount, free: byteCount, greenFree: byteCount, yellowFree: byteCount, orangeFree: byteCount }).nullable(),
});

/**
 * When the store will be full if it goes on as before: one in ten chances before `p10`, even at `p50`, nine in ten before `p90`; null is not within ten years. Without dates `reason` says why.
 * `lastMonth` is how well a forecast of 30 days ago met today; above 0 expected too much.
 */
export const Forecast = z.strictObject({
  historyDays: z.number(), bytesPerDay: z.number().nullable(), fullAt: z.strictObject({ p10: isoTime, p50: isoTime, p90: isoTime.nullable() }).nullable(),
  reason: z.strictObject({ code, text: z.string() }).nullable(), lastMonth: z.strictObject({ predictedBytes: z.number(), actualBytes: z.number(), errorPercent: z.number() }).nullable(),
});
export type Forecast = z.infer<typeof Forecast>;

/** What the bytes of the store are; the parts add up to `packBytes`. Null: not measured yet. */
export const StoreUsageView = z.strictObject({
  v: z.literal(1), measuredAt: isoTime.nullable(), packBytes: byteCount, exclusiveBytes: byteCount, sharedBytes: byteCount, unreferencedBytes: byteCount,
  computers: z.array(z.strictObject({ computer: z.string(), machineId: MachineId, uniqueBytes: byteCount, sharedBytes: byteCount, points: z.number().int() })),
});

/** Query of GET `storeHistory`. */
export const StoreHistoryQuery = z.strictObject({ days: z.coerce.number().int().min(1).max(800).default(90) });
export const StoreHistory = z.strictObject({
  v: z.literal(1), samples: z.array(z.strictObject({ at: isoTime, sizeBytes: byteCount, usedBytes: byteCount, freeBytes: byteCount, reclaimableBytes: byteCount })),
});

/** Something about the place of the store that a person should change. */
export const StoreAdvice = z.strictObject({ code, severity: z.enum(['critical', 'warning', 'hint']), text: z.string() });

/** POST to `storeConfirm`, by an admin: the clock is right, or the store is meant to be smaller than before. */
export const StoreConfirm = z.strictObject({ clock: z.boolean().default(false), size: z.boolean().default(false) });
export const StoreConfirmed = z.strictObject({ v: z.literal(1), trustedNow: isoTime, sizeBytes: byteCount });
