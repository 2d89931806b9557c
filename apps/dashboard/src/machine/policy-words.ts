import { type BackupPolicy, type Schedule, hours, minutes } from '@lifeboat/model';
import { formatSpan } from '../format/time.js';

/** When a machine is backed up, as a sentence. */
export function scheduleSentence(policy: BackupPolicy): string {
  const spread = policy.jitterMs === 0 ? '' : `, each run up to ${formatSpan(policy.jitterMs)} later so that machines do not all start at once`;
  switch (policy.schedule.kind) {
    case 'manual': return 'Only when someone starts a backup';
    case 'every': return `Every ${formatSpan(policy.schedule.intervalMs)}, counted from the last run${spread}`;
    case 'cron': return `At ${policy.schedule.pattern} (minute, hour, day, month, weekday) in ${policy.schedule.timeZone}${spread}`;
  }
}

/** Where a policy comes from, in words. */
export const originWords = { 'built-in': 'built in, nobody changed it', default: 'the default of all machines', machine: 'this machine’s own' } as const;

/** What the form holds: text and numbers as typed, before they are a policy. */
export type PolicyDraft = Readonly<{ kind: Schedule['kind']; everyHours: number; pattern: string; timeZone: string; jitterMinutes: number; targetHours: number; pausedUntilMs: number | null }>;

/** The form as it opens; what the schedule does not say is filled with something usual. */
export function draftOf(policy: BackupPolicy, timeZone: string): PolicyDraft {
  const { schedule } = policy;
  return {
    kind: schedule.kind,
    everyHours: schedule.kind === 'every' ? schedule.intervalMs / hours(1) : 24,
    pattern: schedule.kind === 'cron' ? schedule.pattern : '0 2 * * *',
    timeZone: schedule.kind === 'cron' ? schedule.timeZone : timeZone,
    jitterMinutes: policy.jitterMs / minutes(1),
    targetHours: policy.rpoTargetMs / hours(1),
    pausedUntilMs: policy.pausedUntilMs,
  };
}

/** The policy a form stands for; it may still be out of bounds, which parsing it tells. */
export function policyOf(draft: PolicyDraft): BackupPolicy {
  const schedule: Schedule =
    draft.kind === 'manual' ? { kind: 'manual' }
    : draft.kind === 'every' ? { kind: 'every', intervalMs: Math.round(draft.everyHours * hours(1)) }
    : { kind: 'cron', pattern: draft.pattern.trim(), timeZone: draft.timeZone.trim() };
  return { schedule, jitterMs: Math.round(draft.jitterMinutes * minutes(1)), rpoTargetMs: Math.round(draft.targetHours * hours(1)), pausedUntilMs: draft.pausedUntilMs };
}

/** Which field a form's first mistake is in, with a sentence; null when all is well. */
export function findMistake(draft: PolicyDraft): Readonly<{ field: keyof PolicyDraft; message: string }> | null {
  if (draft.kind === 'every' && !(draft.everyHours >= 1 / 60 && draft.everyHours <= 366 * 24)) return { field: 'everyHours', message: 'Between one minute (0.02 h) and 366 days.' };
  if (draft.kind === 'cron' && draft.pattern.trim().split(/\s+/).length !== 5) return { field: 'pattern', message: 'Five fields: minute, hour, day of month, month, weekday.' };
  if (draft.kind === 'cron' && !isTimeZone(draft.timeZone.trim())) return { field: 'timeZone', message: 'A time zone such as Europe/Berlin or UTC.' };
  if (!(draft.jitterMinutes >= 0 && draft.jitterMinutes <= 720)) return { field: 'jitterMinutes', message: 'Between 0 and 720 minutes.' };
  if (!(draft.targetHours >= 1 / 60 && draft.targetHours <= 366 * 24)) return { field: 'targetHours', message: 'Between one minute (0.02 h) and 366 days.' };
  return null;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
