import type { Command } from 'commander';
import { DeleteAnswer, restPaths, Version } from '@lifeboat/protocol';
import { z } from 'zod';
import { computerPart } from '../../api/find-computer.js';
import type { Bind, CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { quoted, shortId } from '../../output/format.js';
import { parseTime } from '../../parse-time.js';

type VersionOption = Readonly<{ version: string }>;
type ReasonOption = VersionOption & Readonly<{ reason: string }>;

const VersionAnswer = z.strictObject({ v: z.literal(1), version: Version });

/** Adds `pin`, `unpin`, `hold`, `release`, `freeze`, `delete backup` and `undelete backup`. */
export function addKeepCommands(program: Command, bind: Bind): void {
  const on = (command: Command, description: string): Command => command.argument('<computer>', 'name or id').description(description).requiredOption('--version <version>', 'id, unique prefix or latest');
  on(program.command('pin'), 'keep a restore point whatever the policy and the pressure').requiredOption('--reason <text>', 'why; it is shown with the point').option('--until <time>', 'until then, e.g. 2027-01-31 or +90d (default: until unpinned)')
    .addHelpText('after', '\nExample:\n  lifeboat pin web-1 --version latest --reason "before the migration" --until +90d')
    .action(bind((context, computer: string, options: ReasonOption & Readonly<{ until?: string }>) =>
      decide(context, { computer, ...options, path: restPaths.pinVersion, body: { reason: options.reason, until: options.until === undefined ? null : parseTime(options.until, context.clock.nowMs()) }, done: 'pinned' })));
  on(program.command('unpin'), 'let retention have a pinned restore point again')
    .action(bind((context, computer: string, options: VersionOption) => decide(context, { computer, ...options, path: restPaths.unpinVersion, body: {}, done: 'not pinned any more' })));
  on(program.command('hold'), 'keep a restore point for a legal reason; only an admin releases it').requiredOption('--reason <text>', 'why')
    .action(bind((context, computer: string, { version, reason }: ReasonOption) => decide(context, { computer, version, path: restPaths.holdVersion, body: { reason }, done: 'under legal hold' })));
  on(program.command('release'), 'lift a legal hold').requiredOption('--reason <text>', 'why')
    .action(bind((context, computer: string, { version, reason }: ReasonOption) => decide(context, { computer, version, path: restPaths.releaseVersion, body: { reason }, done: 'released' })));
  on(program.command('freeze'), 'make a restore point immutable: nobody can delete it, nobody can take that back').requiredOption('--until <time>', 'until then, e.g. 2027-01-31 or +90d')
    .action(bind((context, computer: string, { version, until }: VersionOption & Readonly<{ until: string }>) =>
      decide(context, { computer, version, path: restPaths.freezeVersion, body: { until: parseTime(until, context.clock.nowMs()) }, done: 'immutable' })));
  on(program.command('delete').description('delete restore points').command('backup'), 'delete a restore point; for a while it can be brought back').requiredOption('--confirm <name>', 'the name of the computer, once more').option('--reason <text>', 'why')
    .action(bind(deleteBackup));
  on(program.command('undelete').description('bring deleted restore points back').command('backup'), 'bring a deleted restore point back').requiredOption('--reason <text>', 'why')
    .action(bind((context, computer: string, { version, reason }: ReasonOption) => decide(context, { computer, version, path: restPaths.undeleteVersion, body: { reason }, done: 'back' })));
}

type Decision = VersionOption & Readonly<{ computer: string; path: string; body: unknown; done: string }>;

async function decide({ api, printer }: CommandContext, { computer, version, path, body, done }: Decision): Promise<ExitCode> {
  const client = api();
  const answer = await client.ask({ method: 'POST', path, parts: { computer: await computerPart(client, computer), version }, body }, VersionAnswer);
  printer.result({ ...answer, computer }, () => `${shortId(answer.version.id)} of ${computer} is ${done}`);
  return exitCodes.ok;
}

async function deleteBackup({ api, printer }: CommandContext, computer: string, options: VersionOption & Readonly<{ confirm: string; reason?: string }>): Promise<ExitCode> {
  const client = api();
  const { version, confirm, reason } = options;
  const request = { method: 'POST', path: restPaths.deleteVersion, parts: { computer: await computerPart(client, computer), version }, body: { confirm, ...(reason === undefined ? {} : { reason }) } } as const;
  const answer = await client.ask(request, DeleteAnswer);
  printer.result({ ...answer, computer }, () =>
    answer.outcome === 'deleted'
      ? `${shortId(answer.id)} of ${computer} is deleted; it can be brought back until ${answer.purgeAfter}`
      : `${shortId(answer.id)} of ${computer} waits: ${answer.why}. Another operator approves it, or it goes at ${answer.executeAfter}`);
  if (answer.outcome === 'deleted') printer.next(`lifeboat undelete backup ${quoted(computer)} --version ${shortId(answer.id)} --reason TEXT   (to bring it back)`);
  else printer.next(`lifeboat retention approve ${shortId(answer.requestId)}   (by another operator)`);
  return answer.outcome === 'deleted' ? exitCodes.ok : exitCodes.warnings;
}
