import { Button, TextInput } from '@mantine/core';
import { MachineTag } from '@lifeboat/model';
import type { RetentionView } from '@lifeboat/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type SyntheticEvent, useState } from 'react';
import { setTags } from '../api/retention-actions.js';
import { retentionQuery } from '../api/retention-queries.js';
import { Dialog } from '../ui/dialog.js';
import { ActionError } from '../ui/panels.js';
import table from '../ui/table.module.css';
import classes from './policies.module.css';
import { originWords, policySentence, ruleValue, rules } from './rule-words.js';

type Computer = RetentionView['computers'][number];
type Props = Readonly<{ computer: Computer; onEdit: (computer: Computer) => void }>;

/** One machine: its tags, what is in force for it, and on demand each value with where it comes from. */
export function MachinePolicy({ computer, onEdit }: Props) {
  const [shown, setShown] = useState(false);
  const [tagging, setTagging] = useState(false);
  const own = rules.some(({ name }) => computer.fields[name].origin.kind === 'machine');
  return (
    <li>
      <div className={classes.text}>
        <p>
          <Link to="/machines/$machineId" params={{ machineId: computer.machineId }}><strong>{computer.computer}</strong></Link>
          {own && <span className={classes.override}>override</span>} {computer.tags.map((tag) => <span key={tag} className={classes.tag}>{tag}</span>)}
        </p>
        <p>{policySentence(computer.policy)}</p>
        {shown && <EffectiveRules computer={computer} />}
      </div>
      <div className={classes.buttons}>
        <Button size="xs" variant="default" aria-expanded={shown} onClick={() => { setShown(!shown); }}>{shown ? 'Hide origins' : 'Where from'}<span className="unseen"> of {computer.computer}</span></Button>
        <Button size="xs" variant="default" onClick={() => { setTagging(true); }}>Tags…<span className="unseen"> of {computer.computer}</span></Button>
        <Button size="xs" variant="default" onClick={() => { onEdit(computer); }}>{own ? 'Change…' : 'Own policy…'}<span className="unseen"> of {computer.computer}</span></Button>
      </div>
      {tagging && <TagsDialog computer={computer} onClose={() => { setTagging(false); }} />}
    </li>
  );
}

function EffectiveRules({ computer }: Readonly<{ computer: Computer }>) {
  return (
    <table className={table.table} role="table">
      <caption className="unseen">Rules in force for {computer.computer}</caption>
      <thead role="rowgroup">
        <tr role="row">{['Rule', 'In force', 'From'].map((label) => <th key={label} role="columnheader" scope="col">{label}</th>)}</tr>
      </thead>
      <tbody role="rowgroup">
        {rules.map(({ name, label }) => {
          const field = computer.fields[name];
          return (
            <tr key={name} role="row">
              <td role="cell" data-label="Rule">{label}</td>
              <td role="cell" data-label="In force">{ruleValue(name, field.value)}</td>
              <td role="cell" data-label="From">
                <span>{originWords(field.origin)}{field.overrides && <span className={classes.override}>override</span>}{field.overrides && <span className={classes.muted}> else {ruleValue(name, field.inherited)}</span>}</span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function TagsDialog({ computer, onClose }: Readonly<{ computer: Computer; onClose: () => void }>) {
  const [text, setText] = useState(computer.tags.join(' '));
  const client = useQueryClient();
  const tags = text.split(/[\s,]+/).filter((tag) => tag !== '');
  const wrong = tags.find((tag) => !MachineTag.safeParse(tag).success);
  const save = useMutation({
    mutationFn: () => setTags(computer.machineId, tags),
    onSuccess: async () => {
      onClose();
      await client.invalidateQueries({ queryKey: retentionQuery.queryKey });
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (wrong === undefined) save.mutate();
  };
  return (
    <Dialog opened onClose={onClose} title={`Tags of ${computer.computer}`}>
      <form className={classes.form} onSubmit={submit} noValidate>
        <TextInput
          label="Tags" description="Separated by spaces. A policy of a tag is for all its machines; of several tags with a policy the first by name counts." value={text} data-autofocus
          onChange={(event) => { setText(event.currentTarget.value); }} error={wrong === undefined ? null : `“${wrong}” is no tag: small letters, digits, - and _, at most 32.`}
        />
        <ActionError error={save.error} />
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={save.isPending}>Save</Button>
        </div>
      </form>
    </Dialog>
  );
}
