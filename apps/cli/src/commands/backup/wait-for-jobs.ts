import type { JobId } from '@lifeboat/model';
import { Job, restPaths } from '@lifeboat/protocol';
import type { CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatBytes, formatDuration, formatShare } from '../../output/format.js';

const pollMs = 1000;

/** Asks every second until all jobs have ended; shows how far they are. In the order of `jobIds`. */
export async function waitForJobs({ api, printer, clock, signal }: CommandContext, jobIds: readonly JobId[]): Promise<Job[]> {
  const client = api();
  for (;;) {
    const jobs: Job[] = [];
    for (const jobId of jobIds) jobs.push(await client.ask({ method: 'GET', path: restPaths.job, parts: { jobId } }, Job));
    printer.event({ v: 1, event: 'progress', jobs });
    const open = jobs.filter((job) => job.finishedAt === null);
    if (open.length === 0) return jobs;
    printer.progress(open.map(describeProgress).join(' | '), clock.nowMs());
    await clock.sleep(pollMs, signal);
  }
}

/** One line: who, how far, the byte counters, rate and time left. */
export function describeProgress(job: Job): string {
  const { progress, rateBytesPerSecond: rate, etaMs } = job;
  if (!progress) return `${job.computerName}: ${job.state}`;
  const { read, changed, sent, stored } = progress.bytes;
  return [
    `${job.computerName}: ${progress.phase} ${formatShare(progress.doneBytes, progress.totalBytes)}`,
    `read ${formatBytes(read)}, changed ${formatBytes(changed)}, sent ${formatBytes(sent)}, stored ${formatBytes(stored)}`,
    ...(rate === null ? [] : [`${formatBytes(rate)}/s`]),
    ...(etaMs === null ? [] : [`${formatDuration(etaMs)} left`]),
  ].join(' · ');
}

/** The exit code of jobs that ended: the worst one counts. */
export function exitCodeOfJobs(jobs: readonly Job[]): ExitCode {
  const states = new Set(jobs.map((job) => job.state));
  if (['failed', 'stopped', 'missed', 'parked'].some((state) => states.has(state as Job['state']))) return exitCodes.failed;
  if (states.has('refused')) return exitCodes.refused;
  return states.has('warned') ? exitCodes.warnings : exitCodes.ok;
}
