import { Button, NativeSelect } from '@mantine/core';
import { type RetentionPolicy, RetentionScope, defaultRetentionPolicy } from '@lifeboat/model';
import type { RetentionView } from '@lifeboat/protocol';
import { useState } from 'react';
import { draftOf, findMistake, policyOf, policySentence, scopeKey, scopeWords } from '../policies/rule-words.js';
import { RuleFields } from '../policies/rules-form.js';
import type { SimulationSearch } from './simulation-choice.js';
import classes from './simulate.module.css';

type Props = Readonly<{ view: RetentionView; search: SimulationSearch; onChange: (part: SimulationSearch) => void }>;

/** Another policy for the default, a tag or a machine. Its numbers take part as soon as they make sense. */
export function PolicyOverride({ view, search, onChange }: Props) {
  const [scope, setScope] = useState<RetentionScope | null>(search.scope ?? null);
  const [draft, setDraft] = useState(() => draftOf(search.rules ?? defaultRetentionPolicy));
  const scopes = scopesOf(view);
  const choose = (key: string): void => {
    const next = scopes.find((one) => scopeKey(one) === key) ?? null;
    setScope(next);
    if (next === null) { onChange({ scope: undefined, rules: undefined }); return; }
    const policy = policyInForce(view, next);
    setDraft(draftOf(policy));
    onChange({ scope: next, rules: policy });
  };
  const change = (next: typeof draft): void => {
    setDraft(next);
    if (scope !== null && findMistake(next) === null) onChange({ scope, rules: policyOf(next) });
  };
  return (
    <div className={classes.override}>
      <NativeSelect label="Another policy for" value={scope === null ? '' : scopeKey(scope)} onChange={(event) => { choose(event.currentTarget.value); }} data={[{ value: '', label: 'Nobody: the policies in force' }, ...scopes.map((one) => ({ value: scopeKey(one), label: scopeWords(one, view.computers) }))]} />
      {scope !== null && (
        <>
          <div className={classes.buttons}>
            {view.presets.map((preset) => <Button key={preset.name} size="xs" variant="default" title={preset.text} onClick={() => { change(draftOf(preset.policy)); }}>{preset.name}</Button>)}
          </div>
          <RuleFields draft={draft} tried onChange={change} />
          {findMistake(draft) === null && <p>{policySentence(policyOf(draft))}</p>}
        </>
      )}
    </div>
  );
}

/** The default, every tag that is in use, every machine. */
function scopesOf(view: RetentionView): readonly RetentionScope[] {
  const tags = new Set([...view.computers.flatMap((computer) => computer.tags), ...view.policies.flatMap(({ scope }) => (scope.kind === 'tag' ? [scope.tag] : []))]);
  const machines = view.computers.toSorted((a, b) => a.computer.localeCompare(b.computer, 'en', { numeric: true }));
  return [{ kind: 'default' }, ...[...tags].sort().map((tag) => ({ kind: 'tag' as const, tag })), ...machines.map(({ machineId }) => ({ kind: 'machine' as const, machineId }))];
}

/** What a scope has now; where it has none of its own, what it would start from. */
function policyInForce(view: RetentionView, scope: RetentionScope): RetentionPolicy {
  const own = view.policies.find((set) => scopeKey(set.scope) === scopeKey(scope))?.policy;
  const inherited = scope.kind === 'machine' ? view.computers.find(({ machineId }) => machineId === scope.machineId)?.policy : view.policies.find((set) => set.scope.kind === 'default')?.policy;
  return own ?? inherited ?? defaultRetentionPolicy;
}
