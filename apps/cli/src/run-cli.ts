import { Command, CommanderError } from 'commander';
import { systemClock } from '@lifeboat/codec';
import { protocolVersions } from '@lifeboat/protocol';
import { ApiClient } from './api/api-client.js';
import { Interrupted } from './cli-errors.js';
import type { Bind, CommandContext } from './command-context.js';
import { addBackupCommands } from './commands/backup/backup.js';
import { addEnrolCommands } from './commands/enrol/enrol.js';
import { addGetCommands } from './commands/get/get.js';
import { addKeepCommands } from './commands/keep/keep.js';
import { addOperatorCommands } from './commands/operator/operator.js';
import { addRecoveryCommand } from './commands/recovery/recovery.js';
import { addRetentionCommands } from './commands/retention/retention.js';
import { addScheduleCommands } from './commands/schedule/schedule.js';
import { addServeCommand } from './commands/serve/serve.js';
import { addServerCommands } from './commands/server/server.js';
import { addStoreCommands } from './commands/store/store.js';
import { loadSettings, readSurroundings, type SettingsFlags } from './config/load-settings.js';
import { exitCodeOf, exitCodes } from './exit-codes.js';
import { Printer, type Streams } from './output/printer.js';

type GlobalOptions = SettingsFlags & Readonly<{ json?: true; ndjson?: true; quiet?: true; color: boolean; input: boolean }>;

export type CliPorts = Readonly<{ streams: Streams; signal: AbortSignal; version: string }>;

/**
 * Runs one command line, without the names of interpreter and script.
 * @returns the exit code; never rejects.
 */
export async function runCli(argv: readonly string[], ports: CliPorts): Promise<number> {
  // Only here: behind a verb, --version names a restore point.
  if (argv.length === 1 && argv[0] === '--version') {
    ports.streams.out(`lifeboat ${ports.version}, protocol ${String(protocolVersions.min)}-${String(protocolVersions.max)}\n`);
    return exitCodes.ok;
  }
  const outcome: { exitCode: number } = { exitCode: exitCodes.ok };
  const program = createProgram(ports, outcome);
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    // Help and version are answers; everything else commander complains about is usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    new Printer({ json: false, ndjson: false, quiet: false, color: false, terminal: false }, ports.streams).error(error);
    return exitCodes.failed;
  }
  return outcome.exitCode;
}

function createProgram(ports: CliPorts, outcome: { exitCode: number }): Command {
  const program = new Command('lifeboat')
    .description('Backs up and restores whole computers: the command for admins.')
    .option('--json', 'print the result as one JSON object').option('--ndjson', 'print events as JSON lines')
    .option('-q, --quiet', 'no messages, no progress').option('--no-color', 'no colours').option('--no-input', 'never ask')
    .option('--url <url>', 'address of the server').option('--token <token>', 'admin token; other users of this computer may see it').option('--token-file <file>', 'file that holds the admin token')
    .addHelpText('after', '\nA version is an id, a unique prefix of one, or latest. `lifeboat --version` prints the version of this command.\n\nExamples:\n  lifeboat get computers\n  lifeboat start recovery web-1 --version latest --disk 0 --to web-1.img')
    .exitOverride()
    .configureOutput({ writeOut: ports.streams.out, writeErr: ports.streams.err });
  const bind = createBind(program, ports, outcome);
  addServerCommands(program, bind);
  addEnrolCommands(program, bind);
  addGetCommands(program, bind);
  const start = program.command('start').description('begin a backup or a recovery');
  const stop = program.command('stop').description('end a job');
  addBackupCommands(program, { start, stop }, bind);
  addRecoveryCommand(start, bind);
  addServeCommand(program, bind);
  addScheduleCommands(program, bind);
  addKeepCommands(program, bind);
  addRetentionCommands(program, bind);
  addOperatorCommands(program, bind);
  addStoreCommands(program, bind);
  return program;
}

function createBind(program: Command, ports: CliPorts, outcome: { exitCode: number }): Bind {
  return (run) => async (...args) => {
    const context = createContext(program.opts<GlobalOptions>(), ports);
    try {
      outcome.exitCode = await run(context, ...args);
    } catch (error) {
      const shown = ports.signal.aborted ? new Interrupted() : error;
      context.printer.error(shown);
      outcome.exitCode = exitCodeOf(shown);
    }
  };
}

function createContext(options: GlobalOptions, ports: CliPorts): CommandContext {
  const { color, terminal, userFile } = readSurroundings();
  const printer = new Printer({ json: options.json ?? false, ndjson: options.ndjson ?? false, quiet: options.quiet ?? false, color: color && options.color, terminal }, ports.streams);
  const settings = (): ReturnType<typeof loadSettings> => loadSettings(options, userFile);
  return {
    printer, settings, userFile, clock: systemClock, signal: ports.signal, noInput: !options.input,
    api: () => {
      const { url, token } = settings();
      return new ApiClient({ url: url.value, token: token.value, signal: ports.signal });
    },
  };
}
