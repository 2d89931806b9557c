import { Button } from '@mantine/core';
import { type BackupPolicy, hours } from '@lifeboat/model';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { setMachinePolicy } from '../api/actions.js';
import { fleetQuery, machinePolicyQuery } from '../api/queries.js';
import { formatSpan } from '../format/time.js';
import { useNow } from '../format/use-now.js';
import { ActionError, ErrorPanel, Section, SkeletonRows } from '../ui/panels.js';
import { Moment } from '../ui/quantities.js';
import classes from './machine.module.css';
import { PolicyForm } from './policy-form.js';
import { originWords, scheduleSentence } from './policy-words.js';

/** When this machine is backed up and what that must achieve, with where it comes from; can be changed, paused and set back. */
export function PolicyPanel({ machineId }: Readonly<{ machineId: string }>) {
  const view = useQuery(machinePolicyQuery(machineId));
  const [editing, setEditing] = useState(false);
  const now = useNow(60_000);
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (policy: BackupPolicy | null) => setMachinePolicy(machineId, policy),
    onSuccess: async () => {
      setEditing(false);
      await Promise.all([client.invalidateQueries({ queryKey: machinePolicyQuery(machineId).queryKey }), client.invalidateQueries({ queryKey: fleetQuery.queryKey })]);
    },
  });
  const policy = view.data?.policy;
  const paused = policy !== undefined && policy.pausedUntilMs !== null && policy.pausedUntilMs > now;
  return (
    <Section title="Schedule">
      {view.isError && <ErrorPanel what="The schedule could not be fetched" error={view.error} onRetry={() => void view.refetch()} />}
      {policy === undefined && !view.isError && <SkeletonRows count={3} label="Loading the schedule" />}
      {policy !== undefined && editing && <PolicyForm policy={policy} busy={save.isPending} error={save.error} onSave={(next) => { save.mutate(next); }} onCancel={() => { save.reset(); setEditing(false); }} />}
      {policy !== undefined && view.data !== undefined && !editing && (
        <div className={classes.policy}>
          <dl className={classes.facts}>
            <div><dt>Backs up</dt><dd>{scheduleSentence(policy)}</dd></div>
            <div><dt>Target</dt><dd>newest restore point no older than {formatSpan(policy.rpoTargetMs)}</dd></div>
            <div><dt>From</dt><dd>{originWords[view.data.origin]}</dd></div>
            {paused && policy.pausedUntilMs !== null && <div><dt>Paused</dt><dd>until <Moment at={new Date(policy.pausedUntilMs).toISOString()} /></dd></div>}
          </dl>
          <div className={classes.buttons}>
            <Button variant="default" onClick={() => { setEditing(true); }}>Change…</Button>
            {paused ? (
              <Button variant="default" loading={save.isPending} onClick={() => { save.mutate({ ...policy, pausedUntilMs: null }); }}>Resume</Button>
            ) : (
              <Button variant="default" loading={save.isPending} onClick={() => { save.mutate({ ...policy, pausedUntilMs: Date.now() + hours(8) }); }}>Pause for 8 h</Button>
            )}
            {view.data.origin === 'machine' && <Button variant="default" loading={save.isPending} onClick={() => { save.mutate(null); }}>Use the default</Button>}
          </div>
          <ActionError error={save.error} />
        </div>
      )}
    </Section>
  );
}
