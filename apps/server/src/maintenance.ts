#!/usr/bin/env node
import { Command } from 'commander';
import { isLifeboatError } from '@lifeboat/model';
import { loadServerConfig } from './config/load-server-config.js';
import { printNote, printRebuild } from './maintenance/print-maintenance.js';
import { rebuildCatalog } from './maintenance/rebuild-catalog.js';
import { printFailure } from './print-start.js';

type Options = Readonly<{ dataDir: string; json?: true; quiet?: true }>;

const usage = 64;
/** Exit codes of the command line's contract by error code; everything else is 1. */
const exitCodes: Readonly<Record<string, number>> = { CONFIG_INVALID: 78, DATABASE_URL_INVALID: 78, STORE_LOCKED: 7, DATABASE_DIRECTORY_IN_USE: 7 };

/** Work on a stopped server's data directory: the other end of `lifeboat store fsck` and `lifeboat catalog rebuild`. */
async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('lifeboat-maintenance').description('Works on the data directory of a stopped Lifeboat server.').exitOverride((error) => { process.exit(error.exitCode === 0 ? 0 : usage); });
  const add = (name: string, run: (options: Options) => Promise<number>): Command =>
    program.command(name).requiredOption('--data-dir <dir>', 'data directory of the server').option('--json', 'print one JSON object').option('--quiet', 'no messages')
      .action(async (options: Options) => { process.exitCode = await run(options); });
  add('catalog-rebuild', async (options) => {
    printRebuild(await rebuildCatalog(loadServerConfig({ data: options.dataDir }), options.quiet ? () => undefined : printNote), options.json ?? false);
    return 0;
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    printFailure(error);
    process.exitCode = isLifeboatError(error) ? (exitCodes[error.code] ?? 1) : 1;
  }
}

await main(process.argv);
