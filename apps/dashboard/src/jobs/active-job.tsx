import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { seconds } from '@lifeboat/model';
import type { Job } from '@lifeboat/protocol';
import { Link } from '@tanstack/react-router';
import { formatPercent, formatRate } from '../format/bytes.js';
import { formatDuration, formatTimeLeft } from '../format/time.js';
import { useNow } from '../format/use-now.js';
import { jobStateWords } from '../status/state-words.js';
import { Ago, Bytes } from '../ui/quantities.js';
import { doneShare, jobTitle, phaseSteps, triggerWords } from './job-lists.js';
import classes from './jobs.module.css';
import { StopDialog } from './stop-dialog.js';
import { useQuietMs } from './use-quiet.js';

/** A running or waiting job: its stage, the four counters, speed and time left. */
export function ActiveJob({ job, withMachine = false }: Readonly<{ job: Job; withMachine?: boolean }>) {
  const [asking, { open, close }] = useDisclosure(false);
  const name = `${jobTitle(job)} of ${job.computerName}`;
  return (
    <article className={classes.job} aria-label={name}>
      <header className={classes.jobHead}>
        <p className={classes.jobTitle}>
          {withMachine && (
            <Link to="/machines/$machineId" params={{ machineId: job.machineId }}>
              {job.computerName}
            </Link>
          )}
          <span>{jobTitle(job)}</span> <span className={classes.muted}>{triggerWords(job)} <Ago at={job.createdAt} /></span>
        </p>
        <Button variant="default" size="compact-sm" className={classes.stop} onClick={open} aria-label={`Stop the ${name}`}>
          Stop…
        </Button>
      </header>
      {job.state === 'running' ? <RunningJob job={job} /> : <WaitingJob job={job} />}
      <StopDialog job={job} opened={asking} onClose={close} />
    </article>
  );
}

function WaitingJob({ job }: Readonly<{ job: Job }>) {
  return (
    <p>
      <strong>{job.state === 'parked' ? 'Parked' : 'Queued'}</strong>
      {' – '}
      {job.message ?? (job.state === 'parked' ? 'the transfer waits and continues where it stopped' : 'the machine has not begun yet')}
    </p>
  );
}

function RunningJob({ job }: Readonly<{ job: Job }>) {
  const now = useNow(seconds(1));
  const quietMs = useQuietMs(job.progress, now);
  const share = doneShare(job);
  const runningMs = now - Date.parse(job.startedAt ?? job.createdAt);
  const timeLeft = formatTimeLeft({ etaMs: job.etaMs, runningMs, share: share ?? 0 });
  return (
    <>
      <Phases job={job} share={share} />
      <dl className={classes.counters}>
        <Counter label="read from disk" bytes={job.progress?.bytes.read} />
        <Counter label="changed" bytes={job.progress?.bytes.changed} />
        <Counter label="sent after compression" bytes={job.progress?.bytes.sent} />
        <Counter label="stored after dedup" bytes={job.progress?.bytes.stored} />
      </dl>
      <p className={classes.pace}>
        {quietMs >= seconds(60) ? (
          <strong>Stalled: no news for {formatDuration(quietMs)}</strong>
        ) : (
          <>
            {job.rateBytesPerSecond !== null && <span>{formatRate(job.rateBytesPerSecond)}</span>}
            <span>{timeLeft === null ? 'time left not known yet' : `${timeLeft} left`}</span>
          </>
        )}
        <span className={classes.muted}>running for {formatDuration(runningMs)}</span>
        {job.message !== null && <span>{job.message}</span>}
      </p>
    </>
  );
}

function Counter({ label, bytes }: Readonly<{ label: string; bytes: number | undefined }>) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{bytes === undefined ? '–' : <Bytes value={bytes} />}</dd>
    </div>
  );
}

function Phases({ job, share }: Readonly<{ job: Job; share: number | null }>) {
  const steps = phaseSteps(job.progress?.phase ?? null);
  const phase = job.progress?.phase ?? 'prepare';
  return (
    <div className={classes.phases}>
      {steps.map((row) => (
        <div key={row.phase} className={classes.phase} data-step={row.step}>
          <span>
            {row.phase}
            <span aria-hidden="true">{row.step === 'done' ? ' ✓' : row.step === 'ahead' ? ' ·' : ''}</span>
            {row.step === 'done' && <span className="unseen"> done</span>}
          </span>
          {row.step === 'current' && (
            <>
              <span
                className={classes.bar}
                role="progressbar"
                aria-label={`${phase}, ${jobTitle(job)} of ${job.computerName}`}
                aria-valuemin={0}
                aria-valuemax={100}
                {...(share === null ? { 'aria-valuetext': 'total not known yet' } : { 'aria-valuenow': Math.floor(share * 100) })}
                data-unknown={share === null || undefined}
              >
                <span style={{ width: share === null ? '100%' : `${String(share * 100)}%` }} />
              </span>
              <span className={classes.percent}>{share === null ? '' : formatPercent(share)}</span>
            </>
          )}
        </div>
      ))}
      {job.progress === null && <span className={classes.muted}>{jobStateWords[job.state]}, no report yet</span>}
    </div>
  );
}
