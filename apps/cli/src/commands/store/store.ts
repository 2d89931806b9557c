import type { Command } from 'commander';
import { restPaths, StoreStatus } from '@lifeboat/protocol';
import type { Bind, CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatBytes } from '../../output/format.js';
import { formatFacts } from '../../output/format-table.js';
import { runServerProgram } from '../server/run-server-program.js';
import { addStoreChoreCommands } from './store-chores.js';

/** Adds `store status`, `store gc`, `store scrub`, and with the server stopped `store fsck` and `catalog rebuild`. */
export function addStoreCommands(program: Command, bind: Bind): void {
  const store = program.command('store').description('where restore points are kept');
  store.command('status').description('how full it is and how well it saves').action(bind(showStatus));
  store.command('fsck').description('check the store; the server must be stopped, no database is needed')
    .requiredOption('--data-dir <dir>', 'data directory of the server')
    .option('--data', 'read and verify every chunk, not only the structures')
    .action(bind(fsck));
  addStoreChoreCommands(store, bind);
  program.command('catalog').description('the database that mirrors the store').command('rebuild').description('make it anew from the store; the server must be stopped')
    .requiredOption('--data-dir <dir>', 'data directory of the server')
    .action(bind(rebuild));
}

async function showStatus({ api, printer }: CommandContext): Promise<ExitCode> {
  const status = await api().ask({ method: 'GET', path: restPaths.store }, StoreStatus);
  const orUnknown = (value: number | null, unit: (value: number) => string): string => (value === null ? 'not known yet' : unit(value));
  printer.result(status, () =>
    formatFacts([
      ['store', status.storeId], ['place', `${status.path} on ${status.device}`], ['size', formatBytes(status.sizeBytes)], ['free', formatBytes(status.freeBytes)],
      ['live', formatBytes(status.liveBytes)], ['reclaimable', orUnknown(status.reclaimableBytes, formatBytes)], ['logical', `${formatBytes(status.logicalBytes)} (what all restore points describe)`],
      ['deduplication', orUnknown(status.dedupRatio, (ratio) => `${ratio.toFixed(1)}× (blocks referenced ÷ blocks stored)`)], ['compression', orUnknown(status.compressionRatio, (ratio) => `${ratio.toFixed(1)}×`)],
      ['pressure', status.pressure], ['chunks', `${String(status.chunks)} in ${String(status.packs)} packs`],
    ]));
  return exitCodes.ok;
}

function fsck(context: CommandContext, options: { dataDir: string; data?: true }): Promise<ExitCode> {
  return runServerProgram(context, 'maintenance.js', ['store-fsck', '--data-dir', options.dataDir, ...(options.data ? ['--data'] : []), ...outputFlags(context)]);
}

function rebuild(context: CommandContext, options: { dataDir: string }): Promise<ExitCode> {
  return runServerProgram(context, 'maintenance.js', ['catalog-rebuild', '--data-dir', options.dataDir, ...outputFlags(context)]);
}

const outputFlags = ({ printer: { options } }: CommandContext): string[] => [...(options.json || options.ndjson ? ['--json'] : []), ...(options.quiet ? ['--quiet'] : [])];
