import { type RetentionPolicy, type RetentionScope, days } from '@lifeboat/model';
import { type RetentionView, PolicyFields } from '@lifeboat/protocol';
import type { z } from 'zod';
import { threeDigits } from '../format/bytes.js';
import { formatSpan } from '../format/time.js';

/** A rule of a policy. */
export type RuleName = keyof RetentionPolicy;
type Field = z.infer<typeof PolicyFields>[RuleName];

/** The rules in the order in which forms and lists show them, with what the number stands for. */
export const rules: readonly Readonly<{ name: RuleName; label: string; description: string | null }>[] = [
  { name: 'keepLast', label: 'Keep the last … points', description: null },
  { name: 'keepWithinMs', label: 'Keep all points of the last … days', description: null },
  { name: 'keepHourly', label: 'Keep one an hour, for … hours', description: null },
  { name: 'keepDaily', label: 'Keep one a day, for … days', description: null },
  { name: 'keepWeekly', label: 'Keep one a week, for … weeks', description: null },
  { name: 'keepMonthly', label: 'Keep one a month, for … months', description: null },
  { name: 'keepYearly', label: 'Keep one a year, for … years', description: null },
  { name: 'minKeep', label: 'Never fewer than … good points', description: 'Whatever the pressure' },
  { name: 'weight', label: 'Weight beside other machines', description: 'A machine of weight 2 may use twice the room of one of weight 1 before it is thinned' },
];

/** How the rules work together; it stands wherever they are edited or shown. */
export const combineSentence = 'Rules combine by OR: a point stays when any rule wants it. A rule of 0 wants nothing, and a policy without any rule keeps everything while there is room. Slots without a point do not count.';

const counted = (count: number, unit: string): string => `${String(count)} ${unit}${count === 1 ? '' : 's'}`;

/** What one rule keeps, or null when it wants nothing. */
export function ruleSentence(name: RuleName, value: number | null): string | null {
  if (value === null || value === 0) return null;
  switch (name) {
    case 'keepLast': return value === 1 ? 'the newest point' : `the last ${String(value)} points`;
    case 'keepWithinMs': return `every point of the last ${formatSpan(value)}`;
    case 'keepHourly': return `one an hour for ${counted(value, 'hour')}`;
    case 'keepDaily': return `one a day for ${counted(value, 'day')}`;
    case 'keepWeekly': return `one a week for ${counted(value, 'week')}`;
    case 'keepMonthly': return `one a month for ${counted(value, 'month')}`;
    case 'keepYearly': return `one a year for ${counted(value, 'year')}`;
    case 'minKeep': return `never fewer than ${counted(value, 'good point')}`;
    case 'weight': return `weight ${threeDigits(value)}`;
  }
}

/** A policy as a sentence: "Keeps the last 3 points, or one a day for 14 days. Never fewer than 2 good points; weight 1." */
export function policySentence(policy: RetentionPolicy): string {
  const wanted = rules.filter(({ name }) => name !== 'minKeep' && name !== 'weight').map(({ name }) => ruleSentence(name, policy[name])).filter((sentence) => sentence !== null);
  const keeps = wanted.length === 0 ? 'Keeps everything while there is room' : `Keeps ${[wanted.slice(0, -1).join(', '), wanted.at(-1)].filter((part) => part !== '').join(', or ')}`;
  return `${keeps}. Never fewer than ${counted(policy.minKeep, 'good point')}; weight ${threeDigits(policy.weight)}.`;
}

/** A value as a cell shows it: "14 days", "2 d", "none". */
export function ruleValue(name: RuleName, value: number | null): string {
  return ruleSentence(name, value) ?? 'none';
}

/** Where a value comes from, in words. */
export function originWords(origin: Field['origin']): string {
  switch (origin.kind) {
    case 'built-in': return 'built in';
    case 'default': return 'the default';
    case 'tag': return `tag ${origin.tag}`;
    case 'machine': return 'this machine';
  }
}

/** A scope as a person names it; a machine by its name where that is known. */
export function scopeWords(scope: RetentionScope, computers: RetentionView['computers']): string {
  switch (scope.kind) {
    case 'default': return 'Default of all machines';
    case 'tag': return `Machines tagged ${scope.tag}`;
    case 'machine': return computers.find(({ machineId }) => machineId === scope.machineId)?.computer ?? scope.machineId;
  }
}

/** A scope as text, and back from it: the values of a list to choose from. */
export function scopeKey(scope: RetentionScope): string {
  return scope.kind === 'default' ? 'default' : scope.kind === 'tag' ? `tag ${scope.tag}` : `machine ${scope.machineId}`;
}

/** What a form holds: numbers as typed. Days instead of milliseconds, 0 instead of none. */
export type RulesDraft = Readonly<Record<RuleName, number>>;

/** The form as it opens. */
export function draftOf(policy: RetentionPolicy): RulesDraft {
  return { ...policy, keepWithinMs: (policy.keepWithinMs ?? 0) / days(1) };
}

/** The policy a form stands for; it may still be out of bounds, see {@link findMistake}. */
export function policyOf(draft: RulesDraft): RetentionPolicy {
  return { ...draft, keepWithinMs: draft.keepWithinMs === 0 ? null : Math.round(draft.keepWithinMs * days(1)) };
}

const limits: Readonly<Record<RuleName, Readonly<{ min: number; max: number; whole: boolean }>>> = {
  keepLast: { min: 0, max: 10_000, whole: true }, keepHourly: { min: 0, max: 10_000, whole: true }, keepDaily: { min: 0, max: 10_000, whole: true }, keepWeekly: { min: 0, max: 10_000, whole: true },
  keepMonthly: { min: 0, max: 10_000, whole: true }, keepYearly: { min: 0, max: 10_000, whole: true }, keepWithinMs: { min: 0, max: 36_525, whole: false }, minKeep: { min: 1, max: 1000, whole: true }, weight: { min: 0.01, max: 100, whole: false },
};

/** Which field a form's first mistake is in, with a sentence; null when all is well. */
export function findMistake(draft: RulesDraft): Readonly<{ name: RuleName; message: string }> | null {
  for (const { name } of rules) {
    const { min, max, whole } = limits[name];
    const value = draft[name];
    if (!(value >= min && value <= max) || (whole && !Number.isInteger(value))) return { name, message: `${whole ? 'A whole number' : 'A number'} between ${String(min)} and ${String(max)}.` };
  }
  return null;
}
