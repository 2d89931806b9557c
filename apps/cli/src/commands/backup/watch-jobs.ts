import type { Job } from '@lifeboat/protocol';
import type { CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { shortId } from '../../output/format.js';
import { describeProgress } from './wait-for-jobs.js';

const pollMs = 1000;

/** Follows the jobs until interrupted: a line (or an event) each time one changes its state, and the progress of those that run. */
export async function watchJobs({ printer, clock, signal }: CommandContext, ask: () => Promise<Job[]>): Promise<ExitCode> {
  const states = new Map<string, string>();
  while (!signal.aborted) {
    const jobs = await ask();
    for (const job of [...jobs].reverse()) {
      if (states.get(job.jobId) === job.state) continue;
      states.set(job.jobId, job.state);
      if (printer.options.ndjson || printer.options.json) printer.stream({ v: 1, event: 'job', job });
      else printer.note(`${shortId(job.jobId)}  ${job.computerName}  ${job.kind}  ${job.state}${job.code === null ? '' : `  ${job.code}`}`);
    }
    const running = jobs.filter((job) => job.state === 'running');
    if (running.length > 0) {
      printer.event({ v: 1, event: 'progress', jobs: running });
      printer.progress(running.map(describeProgress).join(' | '), clock.nowMs());
    }
    await clock.sleep(pollMs, signal);
  }
  return exitCodes.interrupted;
}
