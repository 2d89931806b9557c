import { Option, type Command } from 'commander';
import { DeletionRequestAnswer, DeletionRequestList, restPaths, RetentionPlanView, RetentionRunStarted, RetentionRunState, RetentionView, TagsView } from '@lifeboat/protocol';
import { seconds } from '@lifeboat/model';
import { z } from 'zod';
import { computerPart } from '../../api/find-computer.js';
import { RefusedByServer, Usage } from '../../cli-errors.js';
import type { Bind, CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatBytes, shortId } from '../../output/format.js';
import { formatTable } from '../../output/format-table.js';
import { parseCount } from '../../parse-count.js';
import { parseTime } from '../../parse-time.js';
import { describePlan } from './describe-plan.js';
import { describeRetention } from './describe-retention.js';
import { setPolicy } from './set-policy.js';
import { setSettings } from './set-settings.js';

type RequestRow = z.infer<typeof DeletionRequestList>['requests'][number];

const pollMs = seconds(1);
/** A store that is busy has a new plan every few seconds; so often the newest one is taken. */
const replansMax = 5;

/** Adds `retention …`, `tag` and `clear anomaly`. */
export function addRetentionCommands(program: Command, bind: Bind): void {
  const retention = program.command('retention').description('which restore points stay, which go, when and why');
  retention.command('show').description('policies, settings, what is running and what waits').action(bind(show));
  const set = retention.command('set').argument('[computer]', 'name or id; without: the default for all').description('change which restore points stay by the calendar')
    .option('--tag <tag>', 'for all computers with this tag').addOption(new Option('--preset <name>', 'start from server, workstation or laptop'));
  for (const period of ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly']) set.option(`--keep-${period} <count>`, period === 'last' ? 'so many of the newest points' : `the newest point of so many ${slots[period] ?? period}`);
  set.option('--keep-within <duration>', 'everything younger than this, or none').option('--min-keep <count>', 'so many of the newest good points whatever the pressure')
    .option('--weight <number>', 'share of the store beside other computers').option('--inherit', 'back to the policy above').option('--confirm', 'save it although restore points go; without, they are only shown')
    .addHelpText('after', '\nRules add up: a point stays when any of them wants it.\n\nExamples:\n  lifeboat retention set --preset workstation\n  lifeboat retention set web-1 --keep-daily 30 --keep-monthly 12 --confirm')
    .action(bind(setPolicy));
  retention.command('settings').description('time zone, watermarks and how long deleted points can be brought back')
    .option('--time-zone <zone>', 'in which days, weeks, months and years begin, e.g. Europe/Berlin').option('--green <percent>', 'above this share of free space all is well').option('--yellow <percent>', 'below it history is thinned')
    .option('--orange <percent>', 'below it no first backups are taken').option('--undelete <duration>', 'how long a deleted point can be brought back').option('--confirm', 'save it although restore points go')
    .action(bind(setSettings));
  retention.command('simulate').description('what would go now, with less room or at another time; nothing is deleted')
    .option('--free <bytes>', 'as if so many bytes were free').option('--at <time>', 'as if it were then, e.g. 2027-01-31 or +30d').action(bind(simulate));
  retention.command('run').description('carry the plan out').option('--plan <hash>', 'only if it is still this plan, as simulate printed it').action(bind(run));
  retention.command('stop').description('end the run under way').action(bind(stop));
  retention.command('requests').description('deletions that wait for a second operator').action(bind(listRequests));
  retention.command('approve').argument('<request>', 'id or unique prefix').description('agree to a deletion that somebody else asked for').action(bind((context, request: string) => decide(context, request, { path: restPaths.approveDeletion, body: {} })));
  retention.command('withdraw').argument('<request>', 'id or unique prefix').description('object to a deletion that waits').requiredOption('--reason <text>', 'why')
    .action(bind((context, request: string, { reason }: { reason: string }) => decide(context, request, { path: restPaths.withdrawDeletion, body: { reason } })));
  program.command('tag').argument('<computer>', 'name or id').argument('[tags...]', 'all tags it shall have; none removes them').description('tag a computer, so that policies for the tag reach it').action(bind(tag));
  program.command('clear').description('say that all is well').command('anomaly').argument('<computer>', 'name or id').description('let retention have a computer again whose changes looked wrong').requiredOption('--reason <text>', 'why')
    .action(bind(clearAnomaly));
}

const slots: Readonly<Record<string, string>> = { hourly: 'hours', daily: 'days', weekly: 'weeks', monthly: 'months', yearly: 'years' };

async function show({ api, printer }: CommandContext): Promise<ExitCode> {
  const view = await api().ask({ method: 'GET', path: restPaths.retention }, RetentionView);
  printer.result(view, () => describeRetention(view));
  return exitCodes.ok;
}

async function simulate({ api, printer, clock }: CommandContext, options: { free?: string; at?: string }): Promise<ExitCode> {
  const query = { ...(options.free === undefined ? {} : { free: String(parseCount(options.free, '--free', 0)) }), ...(options.at === undefined ? {} : { at: new Date(parseTime(options.at, clock.nowMs())).toISOString() }) };
  const plan = await api().ask({ method: 'GET', path: restPaths.retentionPlan, query }, RetentionPlanView);
  printer.result(plan, () => describePlan(plan));
  if (plan.prune.length + plan.purge.length > 0 && options.free === undefined && options.at === undefined) printer.next(`lifeboat retention run --plan ${plan.planHash}`);
  return exitCodes.ok;
}

/** Runs the plan it shows: one that has changed by the time it begins is shown and tried anew, unless a certain one was asked for. */
async function run(context: CommandContext, options: { plan?: string }): Promise<ExitCode> {
  const client = context.api();
  let plan = await client.ask({ method: 'GET', path: restPaths.retentionPlan }, RetentionPlanView);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.ask({ method: 'POST', path: restPaths.retentionRun, body: { planHash: options.plan ?? plan.planHash } }, RetentionRunStarted);
      break;
    } catch (error) {
      const stale = error instanceof RefusedByServer && error.code === 'PLAN_STALE';
      if (!stale || options.plan !== undefined || attempt === replansMax) throw error;
      plan = await client.ask({ method: 'GET', path: restPaths.retentionPlan }, RetentionPlanView);
    }
  }
  const last = await untilIdle(context);
  context.printer.result({ ...plan, run: last }, () =>
    `${last.outcome}: ${String(last.condemnedPoints)} restore points deleted, ${String(last.purgedPoints)} purged, ${formatBytes(Math.max(0, last.freedBytes))} freed in ${String(last.rounds)} rounds${last.message === null ? '' : `; ${last.message} (${last.code ?? ''})`}`);
  if (last.waitingForApproval > 0) context.printer.next('lifeboat retention requests   (some deletions wait for another operator)');
  if (last.outcome !== 'done') return exitCodes.failed;
  return last.shortfallBytes > 0 || last.waitingForApproval > 0 ? exitCodes.warnings : exitCodes.ok;
}

async function untilIdle({ api, printer, clock, signal }: CommandContext): Promise<NonNullable<z.infer<typeof RetentionRunState>['run']['last']>> {
  for (;;) {
    const { run: state } = await api().ask({ method: 'GET', path: restPaths.retentionRun }, RetentionRunState);
    if (state.state === 'idle' && state.last) return state.last;
    printer.progress(`round ${String(state.round ?? 1)}: ${state.phase ?? 'plan'}`, clock.nowMs());
    await clock.sleep(pollMs, signal);
  }
}

async function stop({ api, printer }: CommandContext): Promise<ExitCode> {
  const answer = await api().ask({ method: 'POST', path: restPaths.retentionStop }, RetentionRunState);
  printer.result(answer, () => 'Retention is not running.');
  return exitCodes.ok;
}

async function listRequests({ api, printer }: CommandContext): Promise<ExitCode> {
  const list = await api().ask({ method: 'GET', path: restPaths.deletionRequests }, DeletionRequestList);
  printer.result(list, () =>
    list.requests.length === 0 ? 'No deletion waits.' : formatTable<RequestRow>(list.requests, [
      { title: 'REQUEST', of: (row) => shortId(row.requestId) },
      { title: 'STATE', of: (row) => row.state },
      { title: 'POINTS', of: (row) => String(row.points.length), right: true },
      { title: 'ASKED BY', of: (row) => row.actor },
      { title: 'GOES AT', of: (row) => row.executeAfter },
      { title: 'REASON', of: (row) => row.reason },
    ]));
  return exitCodes.ok;
}

async function decide({ api, printer }: CommandContext, request: string, { path, body }: { path: string; body: unknown }): Promise<ExitCode> {
  const client = api();
  const { requests } = await client.ask({ method: 'GET', path: restPaths.deletionRequests }, DeletionRequestList);
  const [found, second] = requests.filter(({ requestId }) => requestId.startsWith(request));
  if (!found || second) throw new Usage(second ? 'several deletion requests have this prefix' : 'no deletion request has this id', 'See `lifeboat retention requests`.');
  const answer = await client.ask({ method: 'POST', path, parts: { requestId: found.requestId }, body }, DeletionRequestAnswer);
  printer.result(answer, () => `${shortId(answer.request.requestId)}: ${answer.request.state}`);
  return exitCodes.ok;
}

async function tag({ api, printer }: CommandContext, computer: string, tags: string[]): Promise<ExitCode> {
  const client = api();
  const answer = await client.ask({ method: 'PUT', path: restPaths.machineTags, parts: { computer: await computerPart(client, computer) }, body: { tags } }, TagsView);
  printer.result(answer, () => `${answer.computer}: ${answer.tags.length === 0 ? 'no tags' : answer.tags.join(', ')}`);
  return exitCodes.ok;
}

async function clearAnomaly({ api, printer }: CommandContext, computer: string, { reason }: { reason: string }): Promise<ExitCode> {
  const client = api();
  const answer = await client.ask({ method: 'POST', path: restPaths.clearAnomaly, parts: { computer: await computerPart(client, computer) }, body: { reason } }, z.strictObject({ v: z.literal(1) }));
  printer.result({ ...answer, computer }, () => `${computer} is pruned again as its policy says.`);
  return exitCodes.ok;
}
