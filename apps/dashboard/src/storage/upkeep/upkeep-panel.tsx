import { Button } from '@mantine/core';
import type { UpkeepView } from '@lifeboat/protocol';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { collectGarbage, scrubStore } from '../../api/retention-actions.js';
import { upkeepQuery } from '../../api/retention-queries.js';
import { wholeNumber } from '../../format/bytes.js';
import { ActionError, ErrorPanel, Section, SkeletonRows } from '../../ui/panels.js';
import { Ago } from '../../ui/quantities.js';
import classes from '../storage.module.css';
import { activitySentence, endSentence, gcSentence, scrubSentence } from './upkeep-words.js';

/** Garbage collection and scrub: how they stand, how they ended, and the buttons to start them. */
export function UpkeepPanel() {
  const upkeep = useQuery(upkeepQuery);
  const client = useQueryClient();
  const onSuccess = (view: UpkeepView): void => { client.setQueryData(upkeepQuery.queryKey, view); };
  const collect = useMutation({ mutationFn: collectGarbage, onSuccess });
  const scrub = useMutation({ mutationFn: scrubStore, onSuccess });
  const view = upkeep.data;
  return (
    <Section title="Upkeep">
      {upkeep.isError && <ErrorPanel what="The upkeep of the store could not be fetched" error={upkeep.error} onRetry={() => void upkeep.refetch()} lastGoodAtMs={view && upkeep.dataUpdatedAt} />}
      {view === undefined && !upkeep.isError && <SkeletonRows count={3} height={48} label="Loading upkeep" />}
      {view !== undefined && (
        <ul className={classes.list}>
          <Chore name="Garbage collection" text="Gives back what no point needs any more." chore={view.gc} result={view.gc.last?.result ? gcSentence(view.gc.last.result) : null}>
            <Button variant="default" size="xs" loading={collect.isPending} disabled={view.gc.state !== 'idle'} onClick={() => { collect.mutate(); }}>Collect garbage</Button>
            <ActionError error={collect.error} />
          </Chore>
          <Chore name="Scrub" text="Reads every stored byte again and repairs what it can." chore={view.scrub} result={view.scrub.last?.result ? scrubSentence(view.scrub.last.result) : null}>
            <Button variant="default" size="xs" loading={scrub.isPending} disabled={view.scrub.state !== 'idle'} onClick={() => { scrub.mutate(); }}>Scrub now</Button>
            <ActionError error={scrub.error} />
          </Chore>
          {view.wantedChunks > 0 && <li>{wholeNumber(view.wantedChunks)} lost {view.wantedChunks === 1 ? 'chunk is' : 'chunks are'} wanted: a backup of a machine that still holds them heals the points.</li>}
        </ul>
      )}
    </Section>
  );
}

function Chore({ name, text, chore, result, children }: Readonly<{ name: string; text: string; chore: UpkeepView['gc'] | UpkeepView['scrub']; result: string | null; children: ReactNode }>) {
  return (
    <li>
      <p><strong>{name}</strong> <span className={classes.muted}>{text}</span></p>
      <p role="status">{activitySentence(chore)}{chore.state !== 'idle' && chore.startedAt !== null && <>, started <Ago at={chore.startedAt} /></>}.</p>
      {chore.last === null ? <p className={classes.muted}>Has not run since the server started.</p> : <p>Last run <Ago at={chore.last.finishedAt} />: {endSentence(chore.last)}. {result}</p>}
      <div className={classes.buttons}>{children}</div>
    </li>
  );
}
