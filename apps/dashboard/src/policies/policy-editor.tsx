import { Button } from '@mantine/core';
import type { RetentionPolicy, RetentionScope } from '@lifeboat/model';
import type { RetentionView } from '@lifeboat/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { policyRadius, savePolicy } from '../api/retention-actions.js';
import { retentionQuery } from '../api/retention-queries.js';
import { Dialog } from '../ui/dialog.js';
import { ActionError } from '../ui/panels.js';
import { BlastRadiusView } from './blast-radius.js';
import classes from './policies.module.css';
import { type RulesDraft, draftOf, findMistake, policyOf, policySentence } from './rule-words.js';
import { RuleFields } from './rules-form.js';

type Props = Readonly<{ scope: RetentionScope; title: string; start: RetentionPolicy; hasOwn: boolean; presets: RetentionView['presets']; onClose: () => void }>;

/**
 * Changes the policy of a scope. Before it takes effect the second step shows what it would delete; what is saved is what was shown.
 * `start` fills the form; `hasOwn` says that the scope has a policy, which can be taken back.
 */
export function PolicyEditor({ scope, title, start, hasOwn, presets, onClose }: Props) {
  const [draft, setDraft] = useState<RulesDraft>(() => draftOf(start));
  const [tried, setTried] = useState(false);
  const client = useQueryClient();
  const radius = useMutation({ mutationFn: (next: RetentionPolicy | null) => policyRadius({ scope, policy: next }) });
  const save = useMutation({
    mutationFn: (next: RetentionPolicy | null) => savePolicy({ scope, policy: next }, radius.data?.confirm ?? null),
    onSuccess: async () => {
      onClose();
      await Promise.all([client.invalidateQueries({ queryKey: retentionQuery.queryKey }), client.invalidateQueries({ queryKey: ['versions'] })]);
    },
  });
  const look = (next: RetentionPolicy | null): void => { save.reset(); radius.mutate(next); };
  const chosen = radius.variables ?? null;
  return (
    <Dialog opened onClose={onClose} title={title} wide>
      {radius.data === undefined ? (
        <div className={classes.editor}>
          <div className={classes.buttons}>
            <span className={classes.muted}>Start from</span>
            {presets.map((preset) => <Button key={preset.name} size="xs" variant="default" title={preset.text} onClick={() => { setDraft(draftOf(preset.policy)); }}>{preset.name}</Button>)}
          </div>
          <RuleFields draft={draft} tried={tried} onChange={setDraft} />
          {findMistake(draft) === null && <p>{policySentence(policyOf(draft))}</p>}
          <ActionError error={radius.error} />
          <div className={classes.buttons}>
            <Button loading={radius.isPending} onClick={() => { setTried(true); if (findMistake(draft) === null) look(policyOf(draft)); }}>Show what changes</Button>
            {hasOwn && <Button variant="default" disabled={radius.isPending} onClick={() => { look(null); }}>{scope.kind === 'default' ? 'Keep everything again' : 'Use the policy above'}</Button>}
            <Button variant="default" onClick={onClose}>Cancel</Button>
          </div>
        </div>
      ) : (
        <div className={classes.editor}>
          <p>{chosen === null ? (scope.kind === 'default' ? 'Everything is kept again while there is room.' : 'The policy above is in force again.') : policySentence(chosen)}</p>
          <BlastRadiusView radius={radius.data} />
          <ActionError error={save.error} />
          <div className={classes.buttons}>
            <Button variant="default" onClick={() => { radius.reset(); save.reset(); }}>Back</Button>
            <Button loading={save.isPending} {...(radius.data.deleted.length > 0 ? { className: classes.danger ?? '', variant: 'default' } : {})} onClick={() => { save.mutate(chosen); }}>
              {radius.data.deleted.length > 0 ? `Save and let ${String(radius.data.deleted.length)} go` : 'Save'}
            </Button>
          </div>
        </div>
      )}
    </Dialog>
  );
}
