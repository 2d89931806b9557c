import type { Command } from 'commander';
import { restPaths, StoreConfirmed } from '@lifeboat/protocol';
import type { Bind, CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { Usage } from '../../cli-errors.js';
import { formatBytes } from '../../output/format.js';
import { runServerProgram } from '../server/run-server-program.js';
import { addStoreChoreCommands } from './store-chores.js';
import { showStatus } from './show-status.js';

/** Adds `store status`, `store gc`, `store scrub`, and with the server stopped `store fsck` and `catalog rebuild`. */
export function addStoreCommands(program: Command, bind: Bind): void {
  const store = program.command('store').description('where restore points are kept');
  store.command('status').description('how full it is and how well it saves').action(bind(showStatus));
  store.command('fsck').description('check the store; the server must be stopped, no database is needed')
    .requiredOption('--data-dir <dir>', 'data directory of the server')
    .option('--data', 'read and verify every chunk, not only the structures')
    .action(bind(fsck));
  store.command('confirm').description('an admin says that what stopped retention is right').option('--clock', 'the clock of the server is right').option('--size', 'the store is meant to be of this size').action(bind(confirm));
  addStoreChoreCommands(store, bind);
  program.command('catalog').description('the database that mirrors the store').command('rebuild').description('make it anew from the store; the server must be stopped')
    .requiredOption('--data-dir <dir>', 'data directory of the server')
    .action(bind(rebuild));
}

async function confirm({ api, printer }: CommandContext, { clock = false, size = false }: { clock?: boolean; size?: boolean }): Promise<ExitCode> {
  if (!clock && !size) throw new Usage('nothing to confirm was named', 'Add --clock or --size.');
  const answer = await api().ask({ method: 'POST', path: restPaths.storeConfirm, body: { clock, size } }, StoreConfirmed);
  printer.result(answer, () => `It is ${answer.trustedNow}; the store has ${formatBytes(answer.sizeBytes)}.`);
  return exitCodes.ok;
}

function fsck(context: CommandContext, options: { dataDir: string; data?: true }): Promise<ExitCode> {
  return runServerProgram(context, 'maintenance.js', ['store-fsck', '--data-dir', options.dataDir, ...(options.data ? ['--data'] : []), ...outputFlags(context)]);
}

function rebuild(context: CommandContext, options: { dataDir: string }): Promise<ExitCode> {
  return runServerProgram(context, 'maintenance.js', ['catalog-rebuild', '--data-dir', options.dataDir, ...outputFlags(context)]);
}

const outputFlags = ({ printer: { options } }: CommandContext): string[] => [...(options.json || options.ndjson ? ['--json'] : []), ...(options.quiet ? ['--quiet'] : [])];
