import { z } from 'zod';
import { days, hours } from '../units.js';

const percent = z.number().min(0).max(90);

/**
 * How a store keeps house. Percentages are of its size (or quota) in bytes, and of its filesystem's inodes; free space above `greenFreePercent` is green, below `yellowFreePercent`
 * yellow, below `orangeFreePercent` orange, and red when only the reserve and what running backups will need is left. They fall in that order.
 */
export const StoreSettings = z.strictObject({
  /** IANA name of the zone in which days, weeks, months and years begin. */
  timeZone: z.string().min(1).max(64),
  greenFreePercent: percent,
  yellowFreePercent: percent,
  orangeFreePercent: percent,
  /** How long a deleted point can be brought back while there is room. */
  undeleteMs: z.number().int().min(0).max(days(3660)),
  /** Every stored byte is read again within this time. */
  scrubDeadlineMs: z.number().int().min(hours(1)).max(days(3660)),
  /** What may be deleted within a day without a second operator, in per cent of points; points younger than `youngMs` never. Missing is 20 %, 5 % and 7 days. */
  deletionCaps: z.strictObject({
    machinePercent: z.number().min(0).max(100), storePercent: z.number().min(0).max(100), youngMs: z.number().int().min(0).max(days(3660)),
  }).optional(),
});
export type StoreSettings = z.infer<typeof StoreSettings>;

export const defaultStoreSettings: StoreSettings = {
  timeZone: 'UTC', greenFreePercent: 20, yellowFreePercent: 15, orangeFreePercent: 8, undeleteMs: hours(72), scrubDeadlineMs: days(30),
};
