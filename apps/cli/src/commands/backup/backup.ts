import type { Command } from 'commander';
import { BackupStarted, Job, JobList, restPaths } from '@lifeboat/protocol';
import { Usage } from '../../cli-errors.js';
import type { Bind, CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatAgo, shortId } from '../../output/format.js';
import { formatTable } from '../../output/format-table.js';
import { describeProgress, exitCodeOfJobs, waitForJobs } from './wait-for-jobs.js';
import { watchJobs } from './watch-jobs.js';

type StartOptions = Readonly<{ wait?: true; full?: true; allowInconsistent?: true }>;

/** Adds `start backup`, `stop job` and `jobs`. */
export function addBackupCommands(program: Command, verbs: Readonly<{ start: Command; stop: Command }>, bind: Bind): void {
  verbs.start.command('backup').argument('<computers...>', 'names or ids').description('back computers up now')
    .option('--wait', 'until they have ended, with progress')
    .option('--full', 'read every used block instead of trusting a tracker')
    .option('--allow-inconsistent', 'take filesystems that are not clean; the point is marked suspect')
    .addHelpText('after', '\nExamples:\n  lifeboat start backup web-1 --wait\n  lifeboat start backup web-1 web-2 --json')
    .action(bind(startBackup));
  verbs.stop.command('job').argument('<job>', 'id, or a unique prefix').description('stop a running or waiting job')
    .option('--now', 'at once, not after the block in hand')
    .action(bind(stopJob));
  program.command('jobs').description('what runs and what ran, newest first')
    .option('--watch', 'go on until interrupted')
    .option('--computer <computer>', 'of one computer only')
    .action(bind(jobs));
}

async function startBackup(context: CommandContext, computers: string[], options: StartOptions): Promise<ExitCode> {
  const { api, printer } = context;
  const body = { computers, full: options.full ?? false, allowInconsistent: options.allowInconsistent ?? false };
  const started = await api().ask({ method: 'POST', path: restPaths.backups, body }, BackupStarted);
  if (!options.wait) {
    printer.result(started, () => formatTable(started.jobs, [{ title: 'COMPUTER', of: (job) => job.computer }, { title: 'JOB', of: (job) => job.jobId }]));
    printer.next('lifeboat jobs --watch');
    return exitCodes.ok;
  }
  const ended = await waitForJobs(context, started.jobs.map((job) => job.jobId));
  printer.result({ v: 1, jobs: ended }, () => formatJobs(ended, context.clock.nowMs()));
  return exitCodeOfJobs(ended);
}

async function stopJob({ api, printer }: CommandContext, job: string, options: { now?: true }): Promise<ExitCode> {
  const client = api();
  const jobId = /^[0-9a-f]{32}$/.test(job) ? job : await findJob(client, job);
  const stopped = await client.ask({ method: 'POST', path: restPaths.stopJob, parts: { jobId }, body: { now: options.now ?? false } }, Job);
  printer.result({ v: 1, ...stopped }, () => `${stopped.computerName}: ${stopped.state}`);
  return exitCodes.ok;
}

async function findJob(api: ReturnType<CommandContext['api']>, prefix: string): Promise<string> {
  const list = await api.ask({ method: 'GET', path: restPaths.jobs }, JobList);
  const found = list.jobs.filter((job) => job.jobId.startsWith(prefix));
  if (found.length !== 1 || !found[0]) throw new Usage(found.length === 0 ? 'no job has this id' : 'several jobs have this prefix', 'See `lifeboat jobs`.');
  return found[0].jobId;
}

async function jobs(context: CommandContext, options: { watch?: true; computer?: string }): Promise<ExitCode> {
  const { api, printer, clock } = context;
  const client = api();
  const ask = (): Promise<Job[]> =>
    client.ask({ method: 'GET', path: restPaths.jobs, query: options.computer === undefined ? {} : { computer: options.computer } }, JobList).then((list) => list.jobs);
  if (options.watch) return watchJobs(context, ask);
  const list = await ask();
  printer.result({ v: 1, jobs: list }, () => (list.length === 0 ? 'No job has run yet.' : formatJobs(list, clock.nowMs())));
  return exitCodes.ok;
}

function formatJobs(list: readonly Job[], nowMs: number): string {
  return formatTable<Job>(list, [
    { title: 'JOB', of: (job) => shortId(job.jobId) },
    { title: 'COMPUTER', of: (job) => job.computerName },
    { title: 'KIND', of: (job) => job.kind },
    { title: 'BY', of: (job) => job.trigger },
    { title: 'STATE', of: (job) => job.state },
    { title: 'BEGAN', of: (job) => formatAgo(job.startedAt ?? job.createdAt, nowMs) },
    { title: 'POINT', of: (job) => (job.pointId ? shortId(job.pointId) : '') },
    { title: 'DETAIL', of: (job) => (job.finishedAt === null ? describeProgress(job) : [job.code, job.message].filter((part) => part !== null).join(': ')) },
  ]);
}
