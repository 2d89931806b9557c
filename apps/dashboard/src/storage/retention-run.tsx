import { Button } from '@mantine/core';
import type { RetentionView } from '@lifeboat/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { stopRetention } from '../api/retention-actions.js';
import { retentionQuery } from '../api/retention-queries.js';
import { ActionError } from '../ui/panels.js';
import { Ago } from '../ui/quantities.js';
import { lastRunSentence, runSentence } from './retention-words.js';
import classes from './storage.module.css';

/** What retention does now and how its last run ended. */
export function RetentionRun({ run }: Readonly<{ run: RetentionView['run'] }>) {
  const client = useQueryClient();
  const stop = useMutation({ mutationFn: stopRetention, onSuccess: () => client.invalidateQueries({ queryKey: retentionQuery.queryKey }) });
  return (
    <div>
      <p role="status">{runSentence(run)}{run.startedAt !== null && <>, since <Ago at={run.startedAt} /></>}.</p>
      {run.last !== null && <p className={classes.muted}>Last run <Ago at={run.last.finishedAt} />, {lastRunSentence(run.last)}.</p>}
      {run.state === 'running' && <Button size="xs" variant="default" loading={stop.isPending} onClick={() => { stop.mutate(); }}>Stop between two points</Button>}
      <ActionError error={stop.error} />
    </div>
  );
}
