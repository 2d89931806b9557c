import { Button, TextInput } from '@mantine/core';
import { MachineTag, type RetentionPolicy, type RetentionScope, defaultRetentionPolicy } from '@lifeboat/model';
import type { RetentionView } from '@lifeboat/protocol';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { retentionQuery } from '../api/retention-queries.js';
import { EmptyPanel, ErrorPanel, Section, SkeletonRows } from '../ui/panels.js';
import { Moment } from '../ui/quantities.js';
import { MachinePolicy } from './machine-policies.js';
import classes from './policies.module.css';
import { PolicyEditor } from './policy-editor.js';
import { combineSentence, policySentence, scopeKey, scopeWords } from './rule-words.js';

/** What the editor is open for; `start` fills it. */
type Editing = Readonly<{ scope: RetentionScope; start: RetentionPolicy }>;
const machinesOnPage = 50;

/** What is kept of which machine, and where that comes from? */
export function PoliciesPage() {
  const view = useQuery(retentionQuery);
  return (
    <>
      <title>Policies · Lifeboat</title>
      <div className={classes.head}>
        <h1>Retention policies</h1>
        <Link to="/storage/simulate">Simulate a change…</Link>
      </div>
      {view.isError && <ErrorPanel what="The policies could not be fetched" error={view.error} onRetry={() => void view.refetch()} lastGoodAtMs={view.data && view.dataUpdatedAt} />}
      {view.data === undefined && !view.isError && <SkeletonRows count={6} height={56} label="Loading policies" />}
      {view.data !== undefined && <Policies view={view.data} />}
    </>
  );
}

function Policies({ view }: Readonly<{ view: RetentionView }>) {
  const [editing, setEditing] = useState<Editing | null>(null);
  const policyOfScope = (scope: RetentionScope): RetentionPolicy | null => view.policies.find((set) => scopeKey(set.scope) === scopeKey(scope))?.policy ?? null;
  const byDefault = policyOfScope({ kind: 'default' }) ?? defaultRetentionPolicy;
  const edit = (scope: RetentionScope, start: RetentionPolicy): void => { setEditing({ scope, start }); };
  const tagged = view.policies.filter((set) => set.scope.kind === 'tag' && set.policy !== null);
  return (
    <div className={classes.page}>
      <p className={classes.muted}>The policy of the machine wins over that of its tag, that of a tag over the default. {combineSentence}</p>
      <Section title="Default of all machines" aside={<Button size="xs" variant="default" onClick={() => { edit({ kind: 'default' }, byDefault); }}>Change…<span className="unseen"> the default</span></Button>}>
        <p>{policySentence(byDefault)}</p>
        {policyOfScope({ kind: 'default' }) === null && <p className={classes.muted}>Built in: nobody decided yet.</p>}
      </Section>
      <Section title="By tag">
        <ul className={classes.list}>
          {tagged.map((set) => (
            <li key={scopeKey(set.scope)}>
              <div className={classes.text}><p><strong>{scopeWords(set.scope, view.computers)}</strong></p><p>{set.policy !== null && policySentence(set.policy)}</p></div>
              <Button size="xs" variant="default" onClick={() => { edit(set.scope, set.policy ?? byDefault); }}>Change…<span className="unseen"> {scopeWords(set.scope, view.computers)}</span></Button>
            </li>
          ))}
          <NewTagPolicy onOpen={(tag) => { edit({ kind: 'tag', tag }, policyOfScope({ kind: 'tag', tag }) ?? byDefault); }} />
        </ul>
      </Section>
      <Machines computers={view.computers} onEdit={(computer) => { edit({ kind: 'machine', machineId: computer.machineId }, computer.policy); }} />
      <History view={view} onRollBack={(scope, policy) => { edit(scope, policy ?? byDefault); }} />
      {editing !== null && (
        <PolicyEditor
          scope={editing.scope} title={scopeWords(editing.scope, view.computers)} start={editing.start} hasOwn={policyOfScope(editing.scope) !== null} presets={view.presets} onClose={() => { setEditing(null); }}
        />
      )}
    </div>
  );
}

function NewTagPolicy({ onOpen }: Readonly<{ onOpen: (tag: MachineTag) => void }>) {
  const [text, setText] = useState('');
  const [tried, setTried] = useState(false);
  const tag = MachineTag.safeParse(text.trim());
  return (
    <li>
      <form
        className={classes.buttons} noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (tag.success) onOpen(tag.data);
        }}
      >
        <TextInput aria-label="Tag of a new policy" placeholder="tag" value={text} onChange={(event) => { setText(event.currentTarget.value); }} error={tried && !tag.success ? 'Small letters, digits, - and _, at most 32.' : null} />
        <Button type="submit" variant="default">Policy for a tag…</Button>
      </form>
    </li>
  );
}

function Machines({ computers, onEdit }: Readonly<{ computers: RetentionView['computers']; onEdit: (computer: RetentionView['computers'][number]) => void }>) {
  const [filter, setFilter] = useState('');
  const [shown, setShown] = useState(machinesOnPage);
  const wanted = filter.trim().toLowerCase();
  const rows = computers.filter(({ computer, tags }) => wanted === '' || `${computer} ${tags.join(' ')}`.toLowerCase().includes(wanted)).toSorted((a, b) => a.computer.localeCompare(b.computer, 'en', { numeric: true }));
  return (
    <Section title="In force, machine by machine" aside={computers.length > 5 && <TextInput aria-label="Filter by name or tag" placeholder="Filter by name or tag" value={filter} onChange={(event) => { setFilter(event.currentTarget.value); }} />}>
      {computers.length === 0 ? <EmptyPanel title="No machine is enrolled yet"><Link to="/fleet">Go to the fleet</Link></EmptyPanel> : rows.length === 0 && <p className={classes.muted}>No machine matches this filter.</p>}
      <ul className={classes.list}>{rows.slice(0, shown).map((computer) => <MachinePolicy key={computer.machineId} computer={computer} onEdit={onEdit} />)}</ul>
      {rows.length > shown && <Button size="xs" variant="default" onClick={() => { setShown(shown + machinesOnPage); }}>Show more ({rows.length - shown} left)</Button>}
    </Section>
  );
}

function History({ view, onRollBack }: Readonly<{ view: RetentionView; onRollBack: (scope: RetentionScope, policy: RetentionPolicy | null) => void }>) {
  return (
    <Section title="History">
      {view.history.length === 0 && <p className={classes.muted}>Nobody has changed a policy yet.</p>}
      <ul className={classes.list}>
        {view.history.map((set) => (
          <li key={`${scopeKey(set.scope)} ${set.setAt}`}>
            <div className={classes.text}>
              <p><Moment at={set.setAt} /> {set.actor}: <strong>{scopeWords(set.scope, view.computers)}</strong></p>
              <p>{set.policy === null ? 'Set back to the policy above.' : policySentence(set.policy)}</p>
            </div>
            {set.policy !== null && <Button size="xs" variant="default" onClick={() => { onRollBack(set.scope, set.policy); }}>Roll back to this…</Button>}
          </li>
        ))}
      </ul>
    </Section>
  );
}
