import { IconAlertTriangle, IconCheck, IconPlayerSkipForward, IconX } from '@tabler/icons-react';
import type { Job } from '@lifeboat/protocol';
import { Link } from '@tanstack/react-router';
import { formatDuration } from '../format/time.js';
import { jobStateWords } from '../status/state-words.js';
import { Bytes, Moment } from '../ui/quantities.js';
import { jobTitle, triggerWords } from './job-lists.js';
import classes from './jobs.module.css';
import table from '../ui/table.module.css';

/** Jobs that ended, one row each, whatever became of them. */
export function FinishedJobs({ jobs, empty, withMachine = true }: Readonly<{ jobs: readonly Job[]; empty: string; withMachine?: boolean }>) {
  if (jobs.length === 0) return <p className={classes.muted}>{empty}</p>;
  return (
    <table className={table.table} role="table">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Finished</th>
          {withMachine && <th role="columnheader" scope="col">Machine</th>}
          <th role="columnheader" scope="col">Job</th>
          <th role="columnheader" scope="col">Outcome</th>
          <th role="columnheader" scope="col" data-numeric>Took</th>
          <th role="columnheader" scope="col" data-numeric>Read</th>
          <th role="columnheader" scope="col" data-numeric>Changed</th>
          <th role="columnheader" scope="col" data-numeric>Sent</th>
          <th role="columnheader" scope="col" data-numeric>Stored</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {jobs.map((job) => <FinishedRow key={job.jobId} job={job} withMachine={withMachine} />)}
      </tbody>
    </table>
  );
}

function FinishedRow({ job, withMachine }: Readonly<{ job: Job; withMachine: boolean }>) {
  const tookMs = job.startedAt === null || job.finishedAt === null ? null : Date.parse(job.finishedAt) - Date.parse(job.startedAt);
  const bytes = job.progress?.bytes;
  return (
    <tr role="row">
      <td role="cell" data-label="Finished" className={classes.nowrap}><Moment at={job.finishedAt ?? job.createdAt} /></td>
      {withMachine && (
        <td role="cell" data-label="Machine">
          <Link to="/machines/$machineId" params={{ machineId: job.machineId }}>{job.computerName}</Link>
        </td>
      )}
      <td role="cell" data-label="Job"><span>{jobTitle(job)} <span className={classes.muted}>{triggerWords(job)}</span></span></td>
      <td role="cell" data-label="Outcome"><Outcome job={job} /></td>
      <td role="cell" data-label="Took" data-numeric>{tookMs === null ? '–' : formatDuration(tookMs)}</td>
      {([['read', 'Read'], ['changed', 'Changed'], ['sent', 'Sent'], ['stored', 'Stored']] as const).map(([counter, label]) => (
        <td key={counter} role="cell" data-label={label} data-numeric>{bytes === undefined ? '–' : <Bytes value={bytes[counter]} />}</td>
      ))}
    </tr>
  );
}

function Outcome({ job }: Readonly<{ job: Job }>) {
  const Icon = job.state === 'done' ? IconCheck : job.state === 'failed' ? IconX : job.state === 'warned' ? IconAlertTriangle : IconPlayerSkipForward;
  return (
    <span className={classes.outcome}>
      <span className={classes.outcomeWord} data-outcome={job.state}>
        <Icon size={16} stroke={2} aria-hidden="true" />
        {jobStateWords[job.state]}
      </span>
      {job.message !== null && <span>{job.message}</span>}
      {job.code !== null && <code className={classes.muted}>{job.code}</code>}
    </span>
  );
}
