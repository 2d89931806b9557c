import { Option, type Command } from 'commander';
import { EnrolmentTokenCreated, HeldEnrolment, HeldEnrolmentList, restPaths } from '@lifeboat/protocol';
import { Usage } from '../../cli-errors.js';
import type { Bind, CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatAgo } from '../../output/format.js';
import { formatTable } from '../../output/format-table.js';
import { parseDuration } from '../../parse-duration.js';
import { parseCount } from '../../parse-count.js';

/** Adds `enrol token create`, `enrol list` and `enrol resolve`. */
export function addEnrolCommands(program: Command, bind: Bind): void {
  const enrol = program.command('enrol').description('let computers in');
  enrol.command('token').description('enrolment tokens').command('create').description('make a token that lets computers enrol')
    .option('--uses <count>', 'how many computers it is good for', '1')
    .option('--expires <duration>', 'how long it is good', '24h')
    .addHelpText('after', '\nExamples:\n  lifeboat enrol token create\n  lifeboat enrol token create --uses 20 --expires 7d')
    .action(bind(createToken));
  enrol.command('list').description('enrolments that wait for a decision because their name is taken').action(bind(listHeld));
  enrol.command('resolve').argument('<request>', 'id of the request, or a unique prefix').description('decide about an enrolment that waits')
    .addOption(new Option('--as <decision>', 'continue: it is the same computer · separate: another one with the same name · reject').choices(['continue', 'separate', 'reject']).makeOptionMandatory())
    .action(bind(resolve));
}

async function createToken({ api, printer }: CommandContext, options: { uses: string; expires: string }): Promise<ExitCode> {
  const body = { uses: parseCount(options.uses, '--uses'), expiresInMs: parseDuration(options.expires) };
  const created = await api().ask({ method: 'POST', path: restPaths.enrolmentTokens, body }, EnrolmentTokenCreated);
  printer.result(created, () => created.token);
  printer.note(`Good for ${options.uses} ${options.uses === '1' ? 'computer' : 'computers'} until ${created.expiresAt}. It is shown only now.`);
  printer.next(`lifeboat-agent enrol --server ${api().url} --token ${created.token}   (on the computer)`);
  return exitCodes.ok;
}

async function listHeld({ api, printer, clock }: CommandContext): Promise<ExitCode> {
  const list = await api().ask({ method: 'GET', path: restPaths.heldEnrolments }, HeldEnrolmentList);
  const nowMs = clock.nowMs();
  printer.result(list, () =>
    list.requests.length === 0 ? 'No enrolment waits for a decision.' : formatTable(list.requests, [
      { title: 'REQUEST', of: (held) => held.requestId },
      { title: 'NAME', of: (held) => held.name },
      { title: 'ASKED', of: (held) => formatAgo(held.requestedAt, nowMs) },
      { title: 'HOST', of: (held) => `${held.facts.hostname} (${held.facts.platform})` },
      { title: 'SAME DISKS', of: (held) => sharedSerials(held) },
      { title: 'STATE', of: (held) => held.state },
    ]));
  if (list.requests.length > 0) printer.next('lifeboat enrol resolve REQUEST --as continue|separate|reject');
  return exitCodes.ok;
}

/** The best hint whether it is the same computer: disks that both have. */
function sharedSerials({ facts, takenByFacts }: HeldEnrolment): string {
  if (!takenByFacts || facts.diskSerials.length === 0) return 'unknown';
  return `${String(facts.diskSerials.filter((serial) => takenByFacts.diskSerials.includes(serial)).length)} of ${String(facts.diskSerials.length)}`;
}

async function resolve({ api, printer }: CommandContext, request: string, options: { as: 'continue' | 'separate' | 'reject' }): Promise<ExitCode> {
  const requestId = /^[0-9a-f]{32}$/.test(request) ? request : await findRequest(api(), request);
  const held = await api().ask({ method: 'POST', path: restPaths.resolveEnrolment, parts: { requestId }, body: { as: options.as } }, HeldEnrolment);
  printer.result({ v: 1, ...held }, () => `${held.name}: ${held.state}`);
  if (options.as !== 'reject') printer.next('run the same `lifeboat-agent enrol` again on that computer');
  return exitCodes.ok;
}

async function findRequest(api: ReturnType<CommandContext['api']>, prefix: string): Promise<string> {
  const { requests } = await api.ask({ method: 'GET', path: restPaths.heldEnrolments }, HeldEnrolmentList);
  const found = requests.filter((held) => held.requestId.startsWith(prefix));
  if (found.length !== 1 || !found[0]) throw new Usage(found.length === 0 ? 'no enrolment that waits has this id' : 'several enrolments that wait have this prefix', 'See `lifeboat enrol list`.');
  return found[0].requestId;
}
