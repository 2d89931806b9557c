import { Button } from '@mantine/core';
import type { DeletionRequestView } from '@lifeboat/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { approveDeletion, withdrawDeletion } from '../api/retention-actions.js';
import { retentionQuery } from '../api/retention-queries.js';
import { ActionError, Section } from '../ui/panels.js';
import { Ago, Moment } from '../ui/quantities.js';
import { ReasonDialog } from '../ui/reason-dialog.js';
import classes from './storage.module.css';
import { requestedPoints } from './retention-words.js';

/** Deletions that wait for a second operator, or for their time. */
export function DeletionRequests({ requests }: Readonly<{ requests: readonly DeletionRequestView[] }>) {
  const waiting = requests.filter((request) => request.state === 'waiting');
  return (
    <Section title="Deletions that wait">
      {waiting.length === 0 ? <p className={classes.muted}>None. Deleting many points, or young ones, waits here for a second operator or 24 hours.</p> : (
        <ul className={classes.list}>{waiting.map((request) => <Request key={request.requestId} request={request} />)}</ul>
      )}
    </Section>
  );
}

function Request({ request }: Readonly<{ request: DeletionRequestView }>) {
  const [withdrawing, setWithdrawing] = useState(false);
  const client = useQueryClient();
  const onSuccess = async (): Promise<void> => {
    setWithdrawing(false);
    await client.invalidateQueries({ queryKey: retentionQuery.queryKey });
  };
  const approve = useMutation({ mutationFn: () => approveDeletion(request.requestId), onSuccess });
  const withdraw = useMutation({ mutationFn: (reason: string) => withdrawDeletion(request.requestId, reason), onSuccess });
  return (
    <li>
      <p>
        <strong>{requestedPoints(request)}</strong>, asked for by {request.actor} <Ago at={request.requestedAt} />: {request.reason}
      </p>
      <p className={classes.muted}>Is carried out by itself at <Moment at={request.executeAfter} /> unless withdrawn. Whoever asked cannot approve.</p>
      <div className={classes.buttons}>
        <Button size="xs" variant="default" loading={approve.isPending} onClick={() => { approve.mutate(); }}>Approve</Button>
        <Button size="xs" variant="default" onClick={() => { withdraw.reset(); setWithdrawing(true); }}>Withdraw…</Button>
      </div>
      <ActionError error={approve.error} />
      <ReasonDialog title="Withdraw this deletion" button="Withdraw" opened={withdrawing} onClose={() => { setWithdrawing(false); }} busy={withdraw.isPending} error={withdraw.error} onConfirm={(reason) => { withdraw.mutate(reason); }} />
    </li>
  );
}
