import { Option, type Command } from 'commander';
import { OperatorCreated, OperatorList, restPaths } from '@lifeboat/protocol';
import type { z } from 'zod';
import type { Bind, CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatTable } from '../../output/format-table.js';

type OperatorRow = z.infer<typeof OperatorList>['operators'][number];

/** Adds `operator create` and `operator list`. */
export function addOperatorCommands(program: Command, bind: Bind): void {
  const operator = program.command('operator').description('who may use this command and the dashboard');
  operator.command('create').argument('<label>', 'name that the records show').description('make a token for another operator; only admins may')
    .addOption(new Option('--role <role>', 'an admin also lifts legal holds, makes points immutable and lets operators in').choices(['operator', 'admin']).default('operator'))
    .action(bind(create));
  operator.command('list').description('all operators').action(bind(list));
}

async function create({ api, printer }: CommandContext, label: string, { role }: { role: 'operator' | 'admin' }): Promise<ExitCode> {
  const created = await api().ask({ method: 'POST', path: restPaths.operators, body: { label, role } }, OperatorCreated);
  printer.result(created, () => created.token);
  printer.note(`For ${created.label} as ${created.role}. It is shown only now.`);
  return exitCodes.ok;
}

async function list({ api, printer }: CommandContext): Promise<ExitCode> {
  const answer = await api().ask({ method: 'GET', path: restPaths.operators }, OperatorList);
  printer.result(answer, () => formatTable<OperatorRow>(answer.operators, [{ title: 'LABEL', of: (row) => row.label }, { title: 'ROLE', of: (row) => row.role }, { title: 'SINCE', of: (row) => row.createdAt }]));
  return exitCodes.ok;
}
