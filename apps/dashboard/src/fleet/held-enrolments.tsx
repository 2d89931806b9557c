import { Button } from '@mantine/core';
import type { HeldEnrolment } from '@lifeboat/protocol';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { resolveEnrolment } from '../api/actions.js';
import { fleetQuery, heldQuery } from '../api/queries.js';
import { Dialog } from '../ui/dialog.js';
import { ActionError } from '../ui/panels.js';
import { Ago } from '../ui/quantities.js';
import classes from './fleet.module.css';

type Held = z.infer<typeof HeldEnrolment>;
type Answer = 'continue' | 'separate' | 'reject';

const answers: Readonly<Record<Answer, Readonly<{ button: string; title: (name: string) => string; text: string }>>> = {
  continue: {
    button: 'Same machine: continue',
    title: (name) => `Continue the restore points of ${name}`,
    text: 'Choose this when the machine was re-installed. It may read and extend the restore points of the enrolled machine, whose old key stops working.',
  },
  separate: {
    button: 'Different machine: keep separate',
    title: (name) => `Keep this machine apart from ${name}`,
    text: 'It gets restore points of its own under the same name. The machine that is enrolled already is not touched.',
  },
  reject: { button: 'Reject', title: (name) => `Reject the machine that calls itself ${name}`, text: 'It is turned away and has written nothing. It needs a new token to ask again.' },
};

/** Machines that wait because their name is taken. Nothing is written for them before an admin decides here. */
export function HeldEnrolments() {
  const held = useQuery(heldQuery);
  const waiting = held.data?.requests.filter((request) => request.state === 'held') ?? [];
  if (waiting.length === 0) return null;
  return (
    <section className={classes.heldList} aria-label="Machines that wait for a decision">
      {waiting.map((request) => <HeldCard key={request.requestId} request={request} />)}
    </section>
  );
}

function HeldCard({ request }: Readonly<{ request: Held }>) {
  const [asking, setAsking] = useState<Answer | null>(null);
  const client = useQueryClient();
  const resolve = useMutation({
    mutationFn: (as: Answer) => resolveEnrolment(request.requestId, as),
    onSuccess: async () => {
      setAsking(null);
      await Promise.all([client.invalidateQueries({ queryKey: heldQuery.queryKey }), client.invalidateQueries({ queryKey: fleetQuery.queryKey })]);
    },
  });
  return (
    <div className={classes.held}>
      <p>
        <strong>Another machine named {request.name} is waiting.</strong> It asked <Ago at={request.requestedAt} /> and writes nothing until you decide.
      </p>
      <table className={classes.evidence}>
        <thead>
          <tr>
            <td />
            <th scope="col">Waiting</th>
            <th scope="col">Enrolled</th>
          </tr>
        </thead>
        <tbody>
          <Evidence label="Host" a={request.facts.hostname} b={request.takenByFacts?.hostname} />
          <Evidence label="System" a={`${request.facts.platform} ${request.facts.release}`} b={request.takenByFacts === null ? undefined : `${request.takenByFacts.platform} ${request.takenByFacts.release}`} />
          <Evidence label="Disk serials" a={request.facts.diskSerials.join(', ')} b={request.takenByFacts?.diskSerials.join(', ')} />
          <Evidence label="MAC" a={request.facts.macAddresses.join(', ')} b={request.takenByFacts?.macAddresses.join(', ')} />
        </tbody>
      </table>
      <div className={classes.heldButtons}>
        {(['continue', 'separate', 'reject'] as const).map((as) => (
          <Button key={as} variant="default" onClick={() => { resolve.reset(); setAsking(as); }}>
            {answers[as].button}
          </Button>
        ))}
      </div>
      <Dialog opened={asking !== null} onClose={() => { setAsking(null); }} title={asking === null ? '' : answers[asking].title(request.name)}>
        {asking !== null && (
          <div className={classes.confirm}>
            <p>{answers[asking].text}</p>
            <ActionError error={resolve.error} />
            <div className={classes.heldButtons}>
              <Button variant="default" onClick={() => { setAsking(null); }}>Cancel</Button>
              <Button loading={resolve.isPending} onClick={() => { resolve.mutate(asking); }}>{asking === 'continue' ? 'Continue its points' : asking === 'separate' ? 'Keep separate' : 'Reject it'}</Button>
            </div>
          </div>
        )}
      </Dialog>
    </div>
  );
}

function Evidence({ label, a, b }: Readonly<{ label: string; a: string; b: string | undefined }>) {
  return (
    <tr data-same={a === b || undefined}>
      <th scope="row">{label}</th>
      <td>{a === '' ? 'not known' : a}</td>
      <td>
        {b === undefined || b === '' ? 'not known' : b} <span className={classes.muted}>{a !== '' && a === b ? '(same)' : ''}</span>
      </td>
    </tr>
  );
}
