import type { StoreSettings } from '@lifeboat/model';
import type { BlastRadius, RetentionPlanView } from '@lifeboat/protocol';
import { type PolicyDraft, policyRadius, runRetention, savePolicy, saveSettings, settingsRadius } from '../api/retention-actions.js';
import { simulateRetention } from '../api/retention-queries.js';
import { RequestRefused } from '../api/request-errors.js';
import { deletesSame } from './simulation-choice.js';

/** What applying a plan saves first. */
export type PlanDraft = Readonly<{ policy: PolicyDraft | null; settings: StoreSettings | null }>;

/** What saving would delete within seven days, to be seen before it is confirmed; null for a part that saves nothing. */
export type PlanRadius = Readonly<{ policy: BlastRadius | null; settings: BlastRadius | null }>;

/**
 * `started`: exactly the plan that was shown is carried out. `changed`: it would be another one by now, and nothing was deleted; what was saved stays saved.
 * `busy`: retention runs already, with what was saved.
 */
export type ApplyOutcome = 'started' | 'changed' | 'busy';

/** Asks what saving the draft would delete. */
export async function lookAhead(draft: PlanDraft): Promise<PlanRadius> {
  const [policy, settings] = await Promise.all([draft.policy === null ? null : policyRadius(draft.policy), draft.settings === null ? null : settingsRadius(draft.settings)]);
  return { policy, settings };
}

/**
 * Saves the draft as it was confirmed, then carries out the plan that was shown. Saving changes what the plan is made from, so it is made anew, and run by its hash only when it deletes the same points.
 * Points that the settings delete only together with the new policy were on the list that was confirmed, or nothing runs.
 */
export async function applyPlan(shown: RetentionPlanView, draft: PlanDraft, radius: PlanRadius): Promise<ApplyOutcome> {
  if (draft.policy !== null) await savePolicy(draft.policy, radius.policy?.confirm ?? null);
  if (draft.settings !== null) {
    const seen = new Set<string>([...shown.prune, ...(radius.policy?.deleted ?? []), ...(radius.settings?.deleted ?? [])].map(({ id }) => id));
    const again = await settingsRadius(draft.settings);
    if (!again.deleted.every(({ id }) => seen.has(id))) return 'changed';
    await saveSettings(draft.settings, again.confirm);
  }
  try {
    const saved = draft.policy !== null || draft.settings !== null;
    const current = saved ? (await simulateRetention({})).plan : shown;
    if (!deletesSame(shown, current)) return 'changed';
    await runRetention(current.planHash);
    return 'started';
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    if (error.refusal.code === 'PLAN_STALE') return 'changed';
    if (error.refusal.code === 'RETENTION_BUSY') return 'busy';
    throw error;
  }
}
