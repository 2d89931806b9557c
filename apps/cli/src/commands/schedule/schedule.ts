import type { Command } from 'commander';
import type { BackupPolicy, Schedule } from '@lifeboat/model';
import { PolicyView, restPaths } from '@lifeboat/protocol';
import type { z } from 'zod';
import type { ApiRequest } from '../../api/api-client.js';
import { computerPart } from '../../api/find-computer.js';
import { Usage } from '../../cli-errors.js';
import type { Bind, CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatDuration } from '../../output/format.js';
import { formatFacts } from '../../output/format-table.js';
import { parseDuration } from '../../parse-duration.js';

type SetOptions = Readonly<{ every?: string; cron?: string; timeZone?: string; jitter?: string; rpo?: string; manual?: true; inherit?: true; pauseFor?: string; resume?: true }>;

/** Adds `schedule show` and `schedule set`. */
export function addScheduleCommands(program: Command, bind: Bind): void {
  const schedule = program.command('schedule').description('when computers are backed up');
  schedule.command('show').argument('[computer]', 'name or id; without: the default for all').description('the schedule in force').action(bind(show));
  schedule.command('set').argument('[computer]', 'name or id; without: the default for all').description('change the schedule')
    .option('--every <duration>', 'this long after the last run')
    .option('--cron <pattern>', 'five fields, e.g. "0 3 * * *"')
    .option('--time-zone <zone>', 'of --cron, e.g. Europe/Berlin (default: that of this computer)')
    .option('--manual', 'only when somebody starts it')
    .option('--inherit', 'back to the default')
    .option('--jitter <duration>', 'start up to this much later')
    .option('--rpo <duration>', 'the newest restore point should never be older')
    .option('--pause-for <duration>', 'no runs for so long')
    .option('--resume', 'end a pause')
    .addHelpText('after', '\nExamples:\n  lifeboat schedule set --every 4h --jitter 10m\n  lifeboat schedule set web-1 --cron "0 3 * * *" --time-zone Europe/Berlin')
    .action(bind(set));
}

type Place = Pick<ApiRequest, 'path' | 'parts'>;

async function placeOf(context: CommandContext, computer: string | undefined): Promise<Place> {
  return computer === undefined ? { path: restPaths.policy } : { path: restPaths.machinePolicy, parts: { computer: await computerPart(context.api(), computer) } };
}

async function show(context: CommandContext, computer: string | undefined): Promise<ExitCode> {
  const view = await context.api().ask({ method: 'GET', ...(await placeOf(context, computer)) }, PolicyView);
  context.printer.result(view, () => describe(view));
  return exitCodes.ok;
}

async function set(context: CommandContext, computer: string | undefined, options: SetOptions): Promise<ExitCode> {
  const place = await placeOf(context, computer);
  const client = context.api();
  const current = await client.ask({ method: 'GET', ...place }, PolicyView);
  const policy = changePolicy(current.policy, options, context.clock.nowMs());
  const view = await client.ask({ method: 'PUT', ...place, body: { policy } }, PolicyView);
  context.printer.result(view, () => describe(view));
  return exitCodes.ok;
}

/** The policy with what the options say; null goes back to the default. Throws USAGE for contradictions and for nothing at all. */
export function changePolicy(policy: BackupPolicy, options: SetOptions, nowMs: number): BackupPolicy | null {
  const schedules = [options.every, options.cron, options.manual, options.inherit].filter((option) => option !== undefined);
  if (schedules.length > 1) throw new Usage('--every, --cron, --manual and --inherit exclude each other');
  if (options.pauseFor !== undefined && options.resume) throw new Usage('--pause-for and --resume exclude each other');
  if (options.timeZone !== undefined && options.cron === undefined) throw new Usage('--time-zone belongs to --cron');
  if (Object.keys(options).every((name) => !(name in optionNames))) throw new Usage('nothing to change was named', 'See `lifeboat schedule set --help`.');
  if (options.inherit) return null;
  return {
    schedule: scheduleOf(options) ?? policy.schedule,
    jitterMs: options.jitter === undefined ? policy.jitterMs : parseDuration(options.jitter),
    rpoTargetMs: options.rpo === undefined ? policy.rpoTargetMs : parseDuration(options.rpo),
    pausedUntilMs: options.resume ? null : options.pauseFor === undefined ? policy.pausedUntilMs : nowMs + parseDuration(options.pauseFor),
  };
}

const optionNames: Readonly<Record<keyof SetOptions, true>> = { every: true, cron: true, timeZone: true, jitter: true, rpo: true, manual: true, inherit: true, pauseFor: true, resume: true };

function scheduleOf(options: SetOptions): Schedule | null {
  if (options.every !== undefined) return { kind: 'every', intervalMs: parseDuration(options.every) };
  if (options.cron !== undefined) return { kind: 'cron', pattern: options.cron, timeZone: options.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone };
  return options.manual ? { kind: 'manual' } : null;
}

function describe({ policy, origin }: z.infer<typeof PolicyView>): string {
  return formatFacts([
    ['schedule', describeSchedule(policy.schedule)], ['jitter', `up to ${formatDuration(policy.jitterMs)}`], ['RPO target', formatDuration(policy.rpoTargetMs)],
    ['paused', policy.pausedUntilMs === null ? 'no' : `until ${new Date(policy.pausedUntilMs).toISOString()}`], ['set', origin === 'machine' ? 'for this computer' : origin === 'default' ? 'as the default' : 'built in'],
  ]);
}

function describeSchedule(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'manual':
      return 'only when somebody starts it';
    case 'every':
      return `every ${formatDuration(schedule.intervalMs)}`;
    case 'cron':
      return `${schedule.pattern} (${schedule.timeZone})`;
  }
}
