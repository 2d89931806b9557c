import { z } from 'zod';
import { days, hours, minutes } from '../units.js';

/** When a machine is backed up. `every` counts from the last run; `cron` is five fields in `timeZone`. */
export const Schedule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('manual') }),
  z.strictObject({ kind: z.literal('every'), intervalMs: z.number().int().min(minutes(1)).max(days(366)) }),
  z.strictObject({ kind: z.literal('cron'), pattern: z.string().min(9).max(100), timeZone: z.string().min(1).max(64) }),
]);
export type Schedule = z.infer<typeof Schedule>;

/** What a machine's backups must achieve. The default policy applies where a machine has none of its own. */
export const BackupPolicy = z.strictObject({
  schedule: Schedule,
  /** Each run starts up to this much later, spread by machine, so that a fleet does not start at once. */
  jitterMs: z.number().int().min(0).max(hours(12)),
  /** Oldest age the newest restorable point may reach before the machine is late. */
  rpoTargetMs: z.number().int().min(minutes(1)).max(days(366)),
  /** No runs before this time, by the server's clock. */
  pausedUntilMs: z.number().int().nonnegative().nullable(),
});
export type BackupPolicy = z.infer<typeof BackupPolicy>;

export const defaultBackupPolicy: BackupPolicy = {
  schedule: { kind: 'every', intervalMs: hours(24) }, jitterMs: minutes(30), rpoTargetMs: hours(24), pausedUntilMs: null,
};
