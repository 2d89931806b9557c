import { z } from 'zod';
import { Digest, MachineId, RestorePointId } from '@lifeboat/model';

const isoTime = z.string();
const byteCount = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const count = z.number().int().nonnegative();

/** How a chore of the store stands. `paused` waits until backups leave room for it. `done` of `total` count what the phase works on. */
const activity = { state: z.enum(['idle', 'running', 'paused']), phase: z.string().max(32).nullable(), done: z.number().nonnegative().nullable(), total: z.number().nonnegative().nullable(), startedAt: isoTime.nullable() };
const ended = { trigger: z.enum(['operator', 'schedule', 'retention']), startedAt: isoTime, finishedAt: isoTime, outcome: z.enum(['done', 'stopped', 'failed']), code: z.string().max(64).nullable(), message: z.string().max(500).nullable() };

/** What the last garbage collection found and did. */
export const GcResult = z.strictObject({
  liveBytes: byteCount, liveChunks: count, packsExamined: count, condemnedPacks: count, rewrittenPacks: count, rescuedPacks: count, deletedPacks: count, keptDamagedPacks: count, freedBytes: byteCount, reclaimableBytes: byteCount, durationMs: count,
});
export type GcResult = z.infer<typeof GcResult>;

/** What the last scrub read, found and repaired. */
export const ScrubResult = z.strictObject({
  packsRead: count, bytesRead: byteCount, damagedPacks: count, repairedChunks: count, repairedBytes: byteCount, lostChunks: count, oldestUnscrubbedAt: isoTime.nullable(),
});
export type ScrubResult = z.infer<typeof ScrubResult>;

/** GET `storeUpkeep`. `wantedChunks` are lost and can be healed by a backup that still holds them. */
export const UpkeepView = z.strictObject({
  v: z.literal(1),
  gc: z.strictObject({ ...activity, last: z.strictObject({ ...ended, result: GcResult.nullable() }).nullable() }),
  scrub: z.strictObject({ ...activity, last: z.strictObject({ ...ended, result: ScrubResult.nullable() }).nullable() }),
  wantedChunks: count, damagedPoints: count,
});
export type UpkeepView = z.infer<typeof UpkeepView>;

/** POST to `storeScrub`: starts it, or joins the one under way; POST to `storeGc` takes nothing. */
export const ScrubRequest = z.strictObject({ /** Every pack, not only those whose time has come. */ all: z.boolean().default(true) });

/** A range that a restore point cannot give back. Offsets are bytes in the volume and in the disk; `files` are null where the filesystem is not read. */
export const DamageRange = z.strictObject({
  computer: z.string(), machineId: MachineId, pointId: RestorePointId, createdAt: isoTime, diskId: z.string().nullable(), volumeId: z.string().nullable(), offset: byteCount, diskOffset: byteCount, length: byteCount,
  structure: z.enum(['chunk', 'page', 'point']), digest: Digest.nullable(), /** `offset` is in the file; null for bytes of its map or attributes. */
  files: z.array(z.strictObject({ path: z.string(), offset: byteCount.nullable() })).nullable(), detail: z.string(),
});
export type DamageRange = z.infer<typeof DamageRange>;

/** GET `storeDamage`: all that is known to be lost. */
export const DamageView = z.strictObject({ v: z.literal(1), checkedAt: isoTime.nullable(), ranges: z.array(DamageRange), truncated: z.boolean() });
export type DamageView = z.infer<typeof DamageView>;
