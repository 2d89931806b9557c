import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, getRouteApi } from '@tanstack/react-router';
import type { Computer } from '@lifeboat/protocol';
import { startBackup } from '../api/actions.js';
import { fleetQuery, jobsQuery } from '../api/queries.js';
import { ActiveJob } from '../jobs/active-job.js';
import { FinishedJobs } from '../jobs/finished-jobs.js';
import { isActive, splitJobs } from '../jobs/job-lists.js';
import { useLiveRoom } from '../live/use-live-room.js';
import { StatusWord } from '../status/status-glyph.js';
import { ActionError, EmptyPanel, ErrorPanel, Section, SkeletonRows } from '../ui/panels.js';
import classes from './machine.module.css';
import { MachineClocks } from './machine-clocks.js';
import { PointsPanel } from './points-panel.js';
import { PolicyPanel } from './policy-panel.js';

const route = getRouteApi('/inside/machines/$machineId');
const recentJobs = 10;

/** What can I get back of this machine, from when, and how sure is that? */
export function MachinePage() {
  const { machineId } = route.useParams();
  useLiveRoom(`machine:${machineId}`);
  const fleet = useQuery(fleetQuery);
  const computer = fleet.data?.computers.find((row) => row.machineId === machineId);
  return (
    <>
      <title>{`${computer?.name ?? 'Machine'} · Lifeboat`}</title>
      <Link to="/fleet" className={classes.back}>
        ‹ Fleet
      </Link>
      {fleet.isError && <ErrorPanel what="The machine could not be fetched" error={fleet.error} onRetry={() => void fleet.refetch()} lastGoodAtMs={fleet.data && fleet.dataUpdatedAt} />}
      {computer === undefined ? (
        fleet.data === undefined ? !fleet.isError && <SkeletonRows count={6} height={64} label="Loading the machine" /> : <EmptyPanel title="No machine has this id"><Link to="/fleet">Go to the fleet</Link></EmptyPanel>
      ) : (
        <Machine key={machineId} computer={computer} />
      )}
    </>
  );
}

function Machine({ computer }: Readonly<{ computer: Computer }>) {
  const jobs = useQuery(jobsQuery);
  const own = jobs.data?.jobs.filter((job) => job.machineId === computer.machineId) ?? [];
  const lists = splitJobs(own, 0);
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          <h1>{computer.name}</h1>
          <p className={classes.reason}>
            <StatusWord state={computer.state} /> <span>{computer.reason}</span>
          </p>
        </div>
        <BackUpNow computer={computer} busy={own.some((job) => job.kind === 'backup' && isActive(job))} />
      </header>
      <MachineClocks computer={computer} />
      {lists.active.map((job) => <ActiveJob key={job.jobId} job={job} />)}
      <PointsPanel machineId={computer.machineId} pending={computer.state === 'pending'} />
      <div className={classes.columns}>
        <PolicyPanel machineId={computer.machineId} />
        <Section title="Recent jobs">
          <FinishedJobs jobs={lists.finished.slice(0, recentJobs)} empty="No job of this machine has finished yet." withMachine={false} />
        </Section>
      </div>
    </div>
  );
}

function BackUpNow({ computer, busy }: Readonly<{ computer: Computer; busy: boolean }>) {
  const client = useQueryClient();
  const start = useMutation({
    mutationFn: (full: boolean) => startBackup(computer.machineId, full),
    onSuccess: () => client.invalidateQueries({ queryKey: jobsQuery.queryKey }),
  });
  const why = busy ? 'A backup of this machine is under way' : computer.online ? undefined : 'The machine is offline; the backup starts when it is back';
  return (
    <div className={classes.actions}>
      <div className={classes.buttons}>
        <Button onClick={() => { start.mutate(false); }} loading={start.isPending && !start.variables} disabled={busy} title={why}>
          Back up now
        </Button>
        <Button variant="default" onClick={() => { start.mutate(true); }} loading={start.isPending && start.variables} disabled={busy} title="Reads every used block again instead of what changed">
          Full backup
        </Button>
      </div>
      {why !== undefined && <p className={classes.muted}>{why}</p>}
      <ActionError error={start.error} />
    </div>
  );
}
