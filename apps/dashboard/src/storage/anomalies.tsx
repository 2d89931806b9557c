import { Button } from '@mantine/core';
import type { RetentionView } from '@lifeboat/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { clearAnomaly } from '../api/retention-actions.js';
import { retentionQuery } from '../api/retention-queries.js';
import { Section } from '../ui/panels.js';
import { Ago } from '../ui/quantities.js';
import { ReasonDialog } from '../ui/reason-dialog.js';
import { anomalyWords } from './retention-words.js';
import classes from './storage.module.css';

/** Machines that changed as a healthy one does not; nothing of them is pruned until somebody looked. */
export function Anomalies({ anomalies }: Readonly<{ anomalies: RetentionView['anomalies'] }>) {
  return (
    <Section title="Odd changes">
      {anomalies.length === 0 ? <p className={classes.muted}>None. A machine that suddenly changes far more than usual, or into noise, is shown here and keeps all its points.</p> : (
        <ul className={classes.list}>{anomalies.map((anomaly) => <Anomaly key={`${anomaly.machineId} ${anomaly.id}`} anomaly={anomaly} />)}</ul>
      )}
    </Section>
  );
}

function Anomaly({ anomaly }: Readonly<{ anomaly: RetentionView['anomalies'][number] }>) {
  const [clearing, setClearing] = useState(false);
  const client = useQueryClient();
  const clear = useMutation({
    mutationFn: (reason: string) => clearAnomaly(anomaly.machineId, reason),
    onSuccess: async () => {
      setClearing(false);
      await client.invalidateQueries({ queryKey: retentionQuery.queryKey });
    },
  });
  const { machineId } = anomaly;
  return (
    <li>
      <p>
        <Link to="/machines/$machineId" params={{ machineId }} search={{ point: anomaly.id }}><strong>{anomaly.computer}</strong></Link> {anomalyWords[anomaly.kind]} <Ago at={anomaly.raisedAt} />: {anomaly.detail}
      </p>
      <p className={classes.muted}>
        Nothing of it is pruned until this is cleared. {anomaly.lastCleanId !== null && <Link to="/machines/$machineId" params={{ machineId }} search={{ point: anomaly.lastCleanId }}>Last point before it</Link>}
      </p>
      <div className={classes.buttons}>
        <Button size="xs" variant="default" onClick={() => { clear.reset(); setClearing(true); }}>The change was meant…</Button>
      </div>
      <ReasonDialog title={`Prune ${anomaly.computer} again`} button="Clear" opened={clearing} onClose={() => { setClearing(false); }} busy={clear.isPending} error={clear.error} onConfirm={(reason) => { clear.mutate(reason); }} />
    </li>
  );
}
