import { Button } from '@mantine/core';
import type { RetentionPlanView } from '@lifeboat/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { retentionQuery } from '../api/retention-queries.js';
import { BlastRadiusView } from '../policies/blast-radius.js';
import { policySentence } from '../policies/rule-words.js';
import { Dialog } from '../ui/dialog.js';
import { ActionError, SkeletonRows } from '../ui/panels.js';
import { type ApplyOutcome, type PlanDraft, applyPlan, lookAhead } from './apply-plan.js';
import { planSentence } from './simulation-choice.js';
import classes from './simulate.module.css';

type Props = Readonly<{ plan: RetentionPlanView; draft: PlanDraft; whyNot: string | null; onApplied: (changed: boolean) => void }>;

const outcomeWords: Readonly<Record<ApplyOutcome, string>> = {
  started: 'Started: exactly what was shown is carried out.',
  changed: 'Nothing was deleted: the store changed meanwhile, and another plan would come of it. The list is the new plan; look at it again.',
  busy: 'Retention is running already, with what is in force now. Look again when it has ended.',
};

/** Runs the plan that is shown, and nothing else; a draft is saved first, after its blast radius was seen. */
export function ApplyPlan({ plan, draft, whyNot, onApplied }: Props) {
  const [asked, setAsked] = useState<RetentionPlanView | null>(null);
  const client = useQueryClient();
  const radius = useMutation({ mutationFn: () => lookAhead(draft) });
  const apply = useMutation({
    mutationFn: (shown: RetentionPlanView) => applyPlan(shown, draft, radius.data ?? { policy: null, settings: null }),
    onSuccess: (outcome) => {
      setAsked(null);
      onApplied(outcome === 'changed');
    },
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: retentionQuery.queryKey }), client.invalidateQueries({ queryKey: ['store'] }), client.invalidateQueries({ queryKey: ['versions'] })]),
  });
  const saves = draft.policy !== null || draft.settings !== null;
  const open = (): void => {
    apply.reset();
    radius.mutate();
    setAsked(plan);
  };
  return (
    <div className={classes.apply}>
      <div className={classes.buttons}>
        <Button disabled={whyNot !== null} onClick={open}>Apply…</Button>
      </div>
      {whyNot !== null && <p className={classes.muted}>{whyNot}</p>}
      {apply.data !== undefined && <p role="status">{outcomeWords[apply.data]}</p>}
      <Dialog opened={asked !== null} onClose={() => { setAsked(null); }} title={saves ? 'Save the draft and run this plan' : 'Run this plan'} wide>
        {asked !== null && (
          <div className={classes.apply}>
            <p><strong>{planSentence(asked)}</strong>, by plan <code>{asked.planHash.slice(0, 8)}</code>. What is deleted can be brought back while there is room, for three days at most.</p>
            {draft.policy?.policy && <p>Saved as policy: {policySentence(draft.policy.policy)}</p>}
            {draft.settings !== null && <p>Saved as floor: points are thinned below {draft.settings.yellowFreePercent} % free, until {draft.settings.greenFreePercent} % are free.</p>}
            {radius.isPending && saves && <SkeletonRows count={3} label="Looking at what saving changes" />}
            {radius.data?.policy && <BlastRadiusView radius={radius.data.policy} />}
            {radius.data?.settings && <BlastRadiusView radius={radius.data.settings} />}
            <ActionError error={radius.error ?? apply.error} />
            <div className={classes.buttons}>
              <Button variant="default" onClick={() => { setAsked(null); }}>Cancel</Button>
              <Button className={classes.danger ?? ''} variant="default" loading={apply.isPending} disabled={radius.data === undefined} onClick={() => { apply.mutate(asked); }}>
                {saves ? 'Save and run this plan' : 'Run this plan'}
              </Button>
            </div>
          </div>
        )}
      </Dialog>
    </div>
  );
}
