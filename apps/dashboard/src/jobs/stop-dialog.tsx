import { Button } from '@mantine/core';
import type { Job } from '@lifeboat/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { stopJob } from '../api/actions.js';
import { jobsQuery } from '../api/queries.js';
import { Dialog } from '../ui/dialog.js';
import { ActionError } from '../ui/panels.js';
import { jobTitle } from './job-lists.js';
import classes from './jobs.module.css';

/** Asks how to end a job, and says what each way means. */
export function StopDialog({ job, opened, onClose }: Readonly<{ job: Job; opened: boolean; onClose: () => void }>) {
  const client = useQueryClient();
  const stop = useMutation({
    mutationFn: (now: boolean) => stopJob(job.jobId, now),
    onSuccess: async () => {
      onClose();
      await client.invalidateQueries({ queryKey: jobsQuery.queryKey });
    },
  });
  const what = `${jobTitle(job)} of ${job.computerName}`;
  return (
    <Dialog opened={opened} onClose={onClose} title={`Stop the ${what.charAt(0).toLowerCase()}${what.slice(1)}?`}>
      <div className={classes.dialog}>
        <p>{job.kind === 'backup' ? 'No restore point comes of this run. Points that exist already stay as they are.' : 'What is restored so far stays incomplete. The restore point itself is not touched.'}</p>
        <dl className={classes.ways}>
          <dt>Stop after the current block</dt>
          <dd>{job.kind === 'backup' ? 'What the server has confirmed is kept, and the next backup of this machine need not send it again.' : 'Ends between two blocks, so that no block is half written.'}</dd>
          <dt>Abort now</dt>
          <dd>Ends at once. What is on its way is lost and has to be done again next time.</dd>
        </dl>
        <ActionError error={stop.error} />
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>Keep it running</Button>
          <Button loading={stop.isPending && !stop.variables} onClick={() => { stop.mutate(false); }}>Stop after the current block</Button>
          <Button className={classes.danger} variant="default" loading={stop.isPending && stop.variables} onClick={() => { stop.mutate(true); }}>Abort now</Button>
        </div>
      </div>
    </Dialog>
  );
}
