#!/usr/bin/env node
import { Command } from 'commander';
import { systemClock } from '@lifeboat/codec';
import { isLifeboatError } from '@lifeboat/model';
import { checkStore } from '@lifeboat/store';
import { loadServerConfig } from './config/load-server-config.js';
import { findStore } from './maintenance/find-store.js';
import { filePathsOfVolume } from './upkeep/file-paths.js';
import { fsckProgressPrinter, printExport, printFsck, printNote, printPoints, printRebuild } from './maintenance/print-maintenance.js';
import { exportVolume, listReadablePoints } from './maintenance/read-damaged-store.js';
import { rebuildCatalog } from './maintenance/rebuild-catalog.js';
import { printFailure } from './print-start.js';

type Options = Readonly<{ dataDir: string; json?: true; quiet?: true }>;

type FsckOptions = Options & Readonly<{ data?: true }>;
type ExportOptions = Options & Readonly<{ point: string; volume: string; output: string }>;

const usage = 64;
const exitDamaged = 3;
const exitInterrupted = 130;
const interrupted = Symbol('interrupted');
/** Exit codes of the command line's contract by error code; everything else is 1. */
const exitCodes: Readonly<Record<string, number>> = { CONFIG_INVALID: 78, DATABASE_URL_INVALID: 78, STORE_LOCKED: 7, DATABASE_DIRECTORY_IN_USE: 7 };

/** Work on a stopped server's data directory: the other end of `lifeboat store fsck` and `lifeboat catalog rebuild`. */
async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('lifeboat-maintenance').description('Works on the data directory of a stopped Lifeboat server.').exitOverride((error) => { process.exit(error.exitCode === 0 ? 0 : usage); });
  const add = <O extends Options>(name: string, run: (options: O) => Promise<number>): Command =>
    program.command(name).requiredOption('--data-dir <dir>', 'data directory of the server').option('--json', 'print one JSON object').option('--quiet', 'no messages')
      .action(async (options: O) => { process.exitCode = await run(options); });
  add('catalog-rebuild', async (options: Options) => {
    printRebuild(await rebuildCatalog(loadServerConfig({ data: options.dataDir }), options.quiet ? () => undefined : printNote), options.json ?? false);
    return 0;
  });
  add('store-fsck', async (options: FsckOptions) => {
    const path = await findStore(options.dataDir);
    const report = await checkStore({ path, readData: options.data ?? false, filePaths: filePathsOfVolume, signal: interruptSignal(), ...(options.quiet ? {} : { onProgress: fsckProgressPrinter(() => systemClock.monotonicMs()) }) });
    printFsck(report, options.json ?? false);
    return report.clean ? 0 : exitDamaged;
  }).option('--data', 'read and verify every chunk');
  add('store-points', async (options: Options) => {
    printPoints(await listReadablePoints(options.dataDir), options.json ?? false);
    return 0;
  }).description('lists what can be read, also of a store whose ledger is damaged');
  add('store-export', async (options: ExportOptions) => {
    const report = await exportVolume(options.dataDir, options);
    printExport(report, options.json ?? false);
    return report.lostBytes === 0 ? 0 : exitDamaged;
  }).description('writes a volume of a restore point into a new file, also from a damaged store')
    .requiredOption('--point <id>', 'id of the restore point').requiredOption('--volume <id>', 'id of the volume, see store-points').requiredOption('--output <file>', 'file to make');
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error === interrupted) {
      process.exitCode = exitInterrupted;
      return;
    }
    printFailure(error);
    process.exitCode = isLifeboatError(error) ? (exitCodes[error.code] ?? 1) : 1;
  }
}

function interruptSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { stop.abort(interrupted); });
  return stop.signal;
}

await main(process.argv);
