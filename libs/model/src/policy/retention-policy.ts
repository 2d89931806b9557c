import { z } from 'zod';
import { MachineId } from '../ids/ids.js';
import { days } from '../units.js';

const slots = z.number().int().min(0).max(10_000);

/**
 * Which points of a machine stay by the calendar, in the store's time zone. Each `keep…` is a number of slots, of each of which the newest good point stays; 0 is no such rule.
 * A policy whose rules are all 0 and null keeps everything: rules only ever add points to what stays.
 */
export const RetentionPolicy = z.strictObject({
  keepLast: slots,
  keepHourly: slots,
  keepDaily: slots,
  keepWeekly: slots,
  keepMonthly: slots,
  keepYearly: slots,
  /** Every point younger than this stays; null is no such rule. */
  keepWithinMs: z.number().int().min(0).max(days(36_525)).nullable(),
  /** How many of the newest good points stay whatever the pressure. */
  minKeep: z.number().int().min(1).max(1000),
  /** Share of the store this machine may use beside the others before it is thinned first. */
  weight: z.number().min(0.01).max(100),
});
export type RetentionPolicy = z.infer<typeof RetentionPolicy>;

/** A label of a machine, by which policies reach it. */
export const MachineTag = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/).brand<'MachineTag'>();
export type MachineTag = z.infer<typeof MachineTag>;

/** Whom a policy is for. The machine's own wins over its tag's, a tag's over the default; of several tags the first by name. */
export const RetentionScope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('default') }),
  z.strictObject({ kind: z.literal('tag'), tag: MachineTag }),
  z.strictObject({ kind: z.literal('machine'), machineId: MachineId }),
]);
export type RetentionScope = z.infer<typeof RetentionScope>;

/** In force until somebody decides otherwise: it keeps everything, and lets space pressure thin it. */
export const defaultRetentionPolicy: RetentionPolicy = {
  keepLast: 0, keepHourly: 0, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0, keepWithinMs: null, minKeep: 2, weight: 1,
};
