import { useQuery } from '@tanstack/react-query';
import { jobsQuery } from '../api/queries.js';
import { startOfDay } from '../format/time.js';
import { useNow } from '../format/use-now.js';
import { Announcement } from '../ui/announcement.js';
import { EmptyPanel, ErrorPanel, Section, SkeletonRows } from '../ui/panels.js';
import { ActiveJob } from './active-job.js';
import { FinishedJobs } from './finished-jobs.js';
import { countOutcomes, splitJobs } from './job-lists.js';
import classes from './jobs.module.css';

/** What is running, how far is it, and what ended today? The shell watches the room of jobs already. */
export function JobsPage() {
  const jobs = useQuery(jobsQuery);
  const today = startOfDay(useNow(60_000));
  const lists = splitJobs(jobs.data?.jobs ?? [], today);
  const outcomes = countOutcomes(lists.finished);
  const running = lists.active.filter((job) => job.state === 'running').length;
  const sums = [
    `Running ${String(running)}`, `waiting ${String(lists.active.length - running)}`,
    `today ${String(outcomes.done)} done, ${String(outcomes.warned)} with warnings, ${String(outcomes.failed)} failed, ${String(outcomes.other)} not run`,
  ].join(' · ');
  return (
    <>
      <title>Jobs · Lifeboat</title>
      <div className={classes.head}>
        <h1>Jobs</h1>
        {jobs.data !== undefined && <p className={classes.muted}>{sums}</p>}
      </div>
      {jobs.isError && <ErrorPanel what="The list of jobs could not be fetched" error={jobs.error} onRetry={() => void jobs.refetch()} lastGoodAtMs={jobs.data && jobs.dataUpdatedAt} />}
      {jobs.data === undefined && !jobs.isError && <SkeletonRows count={4} height={92} label="Loading jobs" />}
      {jobs.data !== undefined && (
        <div className={classes.lists}>
          <Announcement text={sums} />
          {lists.active.length === 0 ? (
            <EmptyPanel title="Nothing is running">
              <p className={classes.muted}>Backups start by each machine’s schedule, or with “Back up now” on its page.</p>
            </EmptyPanel>
          ) : (
            <>
              <ul className={classes.active} aria-label="Running and waiting jobs">
                {lists.active.map((job) => (
                  <li key={job.jobId}>
                    <ActiveJob job={job} withMachine />
                  </li>
                ))}
              </ul>
              <p className={classes.muted}>Safe to leave this page: jobs run on the server and the machines.</p>
            </>
          )}
          <Section title="Finished today">
            <FinishedJobs jobs={lists.finished} empty="No job has finished today." />
          </Section>
        </div>
      )}
    </>
  );
}
