import { Button, NumberInput, SegmentedControl, TextInput } from '@mantine/core';
import type { BackupPolicy } from '@lifeboat/model';
import { type SyntheticEvent, useState } from 'react';
import { ActionError } from '../ui/panels.js';
import classes from './machine.module.css';
import { type PolicyDraft, draftOf, findMistake, policyOf } from './policy-words.js';

type Props = Readonly<{ policy: BackupPolicy; busy: boolean; error: unknown; onSave: (policy: BackupPolicy) => void; onCancel: () => void }>;

/** Changes a machine's policy. Mistakes are told beside their field when the form is sent. */
export function PolicyForm({ policy, busy, error, onSave, onCancel }: Props) {
  const [draft, setDraft] = useState<PolicyDraft>(() => draftOf(policy, Intl.DateTimeFormat().resolvedOptions().timeZone));
  const [tried, setTried] = useState(false);
  const mistake = tried ? findMistake(draft) : null;
  const problem = (field: keyof PolicyDraft): string | null => (mistake?.field === field ? mistake.message : null);
  const change = (part: Partial<PolicyDraft>): void => { setDraft((before) => ({ ...before, ...part })); };
  const number = (value: number | string): number => (typeof value === 'number' ? value : Number.NaN);
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    setTried(true);
    if (findMistake(draft) === null) onSave(policyOf(draft));
  };
  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      <SegmentedControl
        aria-label="Backs up"
        data={[{ value: 'every', label: 'Interval' }, { value: 'cron', label: 'Set times' }, { value: 'manual', label: 'By hand' }]}
        value={draft.kind}
        onChange={(kind) => { change({ kind: kind }); }}
      />
      {draft.kind === 'every' && <NumberInput label="Every … hours" value={draft.everyHours} onChange={(value) => { change({ everyHours: number(value) }); }} error={problem('everyHours')} min={0} decimalScale={2} />}
      {draft.kind === 'cron' && (
        <>
          <TextInput label="Cron pattern" description="Minute, hour, day of month, month, weekday" value={draft.pattern} onChange={(event) => { change({ pattern: event.currentTarget.value }); }} error={problem('pattern')} />
          <TextInput label="Time zone" value={draft.timeZone} onChange={(event) => { change({ timeZone: event.currentTarget.value }); }} error={problem('timeZone')} />
        </>
      )}
      {draft.kind !== 'manual' && <NumberInput label="Spread the start over … minutes" description="So that machines do not all start at once" value={draft.jitterMinutes} onChange={(value) => { change({ jitterMinutes: number(value) }); }} error={problem('jitterMinutes')} min={0} max={720} />}
      <NumberInput label="Target: newest point no older than … hours" description="The machine is late when it is older, with a fifth of grace" value={draft.targetHours} onChange={(value) => { change({ targetHours: number(value) }); }} error={problem('targetHours')} min={0} decimalScale={2} />
      <ActionError error={error} />
      <div className={classes.buttons}>
        <Button type="submit" loading={busy}>Save</Button>
        <Button variant="default" onClick={onCancel}>Cancel</Button>
      </div>
    </form>
  );
}
