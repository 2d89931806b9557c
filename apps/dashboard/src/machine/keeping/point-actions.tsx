import { Button, TextInput } from '@mantine/core';
import type { Version } from '@lifeboat/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type PointName, deletePoint, holdPoint, pinPoint, releasePoint, undeletePoint, unpinPoint } from '../../api/retention-actions.js';
import { versionsQuery } from '../../api/queries.js';
import { formatShortMoment } from '../../format/time.js';
import { ActionError } from '../../ui/panels.js';
import { Moment } from '../../ui/quantities.js';
import { ReasonDialog } from '../../ui/reason-dialog.js';
import classes from '../machine.module.css';
import { endOfDay } from './keeping-words.js';

type Verb = 'pin' | 'hold' | 'release' | 'undelete' | 'delete';
type Asked = Readonly<{ verb: Verb; reason: string }>;

const buttons: Readonly<Record<Verb, Readonly<{ open: string; confirm: string; title: string; text: string }>>> = {
  pin: { open: 'Pin…', confirm: 'Pin', title: 'Pin this point', text: 'A pinned point stays whatever policy and room say.' },
  hold: { open: 'Hold…', confirm: 'Hold', title: 'Put this point under legal hold', text: 'Nobody deletes it until an admin lifts the hold.' },
  release: { open: 'Lift the hold…', confirm: 'Lift the hold', title: 'Lift the legal hold', text: 'Only an admin may. The point follows its policy again.' },
  undelete: { open: 'Bring back…', confirm: 'Bring back', title: 'Bring this point back', text: 'It follows its policy again, which may let it go once more: pin it to be sure.' },
  delete: { open: 'Delete…', confirm: 'Delete', title: 'Delete this point', text: 'It can be brought back for three days, less when room is tight. Other points do not need it.' },
};

/** Everything an operator may decide about one point. */
export function PointActions({ point, machineId, computer }: Readonly<{ point: Version; machineId: string; computer: string }>) {
  const [asking, setAsking] = useState<Verb | null>(null);
  const [until, setUntil] = useState('');
  const [confirm, setConfirm] = useState('');
  const name: PointName = { machineId, pointId: point.id };
  const client = useQueryClient();
  const onSuccess = async (): Promise<void> => {
    setAsking(null);
    await Promise.all([client.invalidateQueries({ queryKey: versionsQuery(machineId).queryKey }), client.invalidateQueries({ queryKey: ['retention'] })]);
  };
  const act = useMutation({
    mutationFn: async ({ verb, reason }: Asked) => {
      switch (verb) {
        case 'pin': await pinPoint(name, reason, endOfDay(until)); return null;
        case 'hold': await holdPoint(name, reason); return null;
        case 'release': await releasePoint(name, reason); return null;
        case 'undelete': await undeletePoint(name, reason); return null;
        case 'delete': return deletePoint(name, { reason, confirm: confirm.trim() });
      }
    },
    onSuccess,
  });
  const unpin = useMutation({ mutationFn: () => unpinPoint(name), onSuccess });
  const verbs: readonly Verb[] = point.deleted ? ['undelete'] : ['pin', point.held ? 'release' : 'hold', 'delete'];
  const answer = act.data;
  return (
    <>
      <div className={classes.buttons}>
        {verbs.map((verb) => <Button key={verb} size="xs" variant="default" {...(verb === 'delete' ? { className: classes.danger ?? '' } : {})} onClick={() => { act.reset(); setAsking(verb); }}>{buttons[verb].open}</Button>)}
        {point.pinned && <Button size="xs" variant="default" loading={unpin.isPending} onClick={() => { unpin.mutate(); }}>Unpin</Button>}
      </div>
      <ActionError error={unpin.error} />
      {answer?.outcome === 'requested' && (
        <p role="status">Not deleted yet ({answer.why}): a second operator has to approve it, or it is carried out at <Moment at={answer.executeAfter} />.</p>
      )}
      {asking !== null && (
        <ReasonDialog
          key={asking} title={`${buttons[asking].title}, ${formatShortMoment(Date.parse(point.createdAt), Date.now())}`} button={buttons[asking].confirm} opened onClose={() => { setAsking(null); }}
          busy={act.isPending} error={act.error} danger={asking === 'delete'} onConfirm={(reason) => { act.mutate({ verb: asking, reason }); }}
        >
          {asking === 'pin' && <TextInput type="date" label="Until" description="Empty: until somebody unpins it" value={until} onChange={(event) => { setUntil(event.currentTarget.value); }} />}
          {asking === 'delete' && <TextInput label={`Name of the computer (${computer})`} description="Typed once more, so that it is the right one" autoComplete="off" value={confirm} onChange={(event) => { setConfirm(event.currentTarget.value); }} />}
          <p className={classes.muted}>{buttons[asking].text}</p>
        </ReasonDialog>
      )}
    </>
  );
}
