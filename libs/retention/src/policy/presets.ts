import { days, type RetentionPolicy } from '@lifeboat/model';

/** Policies to start from, by what a machine is for. */
export type PresetName = 'server' | 'workstation' | 'laptop';

/** A policy with a name and a sentence that says whom it suits. */
export type RetentionPreset = Readonly<{ name: PresetName; text: string; policy: RetentionPolicy }>;

/** In the order in which they are offered. Rules add up: a point stays when any of them wants it. */
export const retentionPresets: readonly RetentionPreset[] = [
  {
    name: 'server', text: 'Always on, backed up often: hours of the last two days, two weeks of days, a quarter of weeks, two years of months, seven years.',
    policy: { keepLast: 3, keepHourly: 48, keepDaily: 14, keepWeekly: 13, keepMonthly: 24, keepYearly: 7, keepWithinMs: days(2), minKeep: 3, weight: 2 },
  },
  {
    name: 'workstation', text: 'On by day: two weeks of days, eight weeks, a year of months.',
    policy: { keepLast: 3, keepHourly: 0, keepDaily: 14, keepWeekly: 8, keepMonthly: 12, keepYearly: 0, keepWithinMs: days(2), minKeep: 2, weight: 1 },
  },
  {
    name: 'laptop', text: 'Backed up when it is there: slots count only days that have a point, so a long journey costs no history.',
    policy: { keepLast: 5, keepHourly: 0, keepDaily: 10, keepWeekly: 6, keepMonthly: 6, keepYearly: 0, keepWithinMs: null, minKeep: 3, weight: 1 },
  },
];
