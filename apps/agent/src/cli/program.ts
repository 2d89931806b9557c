import { protocolVersions } from '@lifeboat/protocol';
import { Command, CommanderError, Option } from 'commander';
import { agentVersion } from '../config/agent-version.js';
import { loadAgentConfig, type AgentConfig } from '../config/agent-config.js';
import { NotSupportedYet } from '../errors/agent-errors.js';
import { exitCodeOf, exitCodes } from '../errors/exit-codes.js';
import { Printer, type OutputMode } from './printer.js';
import { doctorVerb } from './verbs/doctor.js';
import { enrolVerb, type EnrolVerbOptions } from './verbs/enrol.js';
import { getDisksVerb } from './verbs/get-disks.js';
import { getStatusVerb } from './verbs/get-status.js';
import { getVersionsVerb } from './verbs/get-versions.js';
import { disableBackupVerb, enableBackupVerb } from './verbs/pause.js';
import { runVerb } from './verbs/run.js';
import { startBackupVerb } from './verbs/start-backup.js';
import { startSysrecoveryVerb } from './verbs/start-sysrecovery.js';
import { stopJobVerb } from './verbs/stop-job.js';
import type { Verb } from './verbs/verb-context.js';

type GlobalOptions = Readonly<{ state?: string; json?: true; ndjson?: true; quiet?: true; color: boolean }>;

/**
 * Runs one command line.
 * @param signal aborts with RUN_STOPPED when the command shall end.
 * @returns the exit code. Nothing is thrown: errors are printed.
 */
export async function runCli(args: readonly string[], signal: AbortSignal): Promise<number> {
  let exitCode: number = exitCodes.ok;
  // Not an option of the program: there it would take `--version V` away from the verbs that restore a version.
  if (args[0] === '--version' || args[0] === '-V') {
    new Printer({ format: 'text', quiet: false, color: false }).result({ v: 1, version: agentVersion, protocol: protocolVersions }, () => `lifeboat-agent ${agentVersion}, protocols ${String(protocolVersions.min)} to ${String(protocolVersions.max)}`);
    return exitCodes.ok;
  }
  const program = new Command('lifeboat-agent');
  const perform = <Options>(verb: Verb<Options>) => async (options: Options): Promise<void> => {
    exitCode = await performVerb(verb, options, { globals: program.opts<GlobalOptions>(), signal });
  };
  addGlobalOptions(program);
  addStartVerbs(program, perform);
  addOtherVerbs(program, perform);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    throw error;
  }
}

type Perform = <Options>(verb: Verb<Options>) => (options: Options) => Promise<void>;

async function performVerb<Options>(verb: Verb<Options>, options: Options, context: Readonly<{ globals: GlobalOptions; signal: AbortSignal }>): Promise<number> {
  const { globals, signal } = context;
  const mode: OutputMode = { format: globals.ndjson ? 'ndjson' : globals.json ? 'json' : 'text', quiet: globals.quiet === true, color: globals.color };
  const printer = new Printer(mode);
  try {
    const fromEnvironment = loadAgentConfig();
    const config: AgentConfig = { ...fromEnvironment, stateDir: globals.state ?? fromEnvironment.stateDir };
    return await verb(options, { config, printer, signal });
  } catch (error) {
    printer.failure(error);
    return exitCodeOf(error);
  }
}

function addGlobalOptions(program: Command): void {
  program
    .description('Backs this computer up to a Lifeboat server, and restores it.')
    .option('--state <dir>', 'state directory (default: LIFEBOAT_STATE, or /var/lib/lifeboat-agent for root)')
    .addOption(new Option('--json', 'print one JSON object').conflicts('ndjson'))
    .option('--ndjson', 'stream events as JSON lines')
    .option('--quiet', 'no progress and no messages')
    .option('--no-color', 'no colours')
    .option('--no-input', 'never ask; the agent never does')
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for help)')
    .exitOverride();
  program.addHelpText('after', '\n  lifeboat-agent --version prints the version.\n\nExamples:\n  lifeboat-agent enrol --server http://127.0.0.1:8420 --token TOKEN\n  lifeboat-agent start backup --json');
}

const collect = (value: string, list: readonly string[]): string[] => [...list, value];

function addStartVerbs(program: Command, perform: Perform): void {
  const start = program.command('start').description('start a backup or a recovery');
  start.command('backup').description('make one restore point now')
    .option('--disk <id>', 'only this disk (repeatable)', collect, [])
    .option('--full', 'read every used block instead of trusting a tracker', false)
    .option('--allow-inconsistent', 'take volumes that are not at rest; the restore point is suspect', false)
    .action(perform(startBackupVerb));
  start.command('sysrecovery').description('restore whole disks of this computer')
    .requiredOption('--version <version>', 'id, unique prefix of one, or latest')
    .option('--disk <source=target>', 'disk of the restore point and where it goes (repeatable)', collect, [])
    .option('--volume <id>', 'only this volume (repeatable)', collect, [])
    .option('--recreate-disks', 'write the partition tables anew', false)
    .option('--dry-run', 'only show what would happen', false)
    .option('--confirm-serial <serial>', 'serial of the target, for an image file its name (repeatable)', collect, [])
    .action(perform(startSysrecoveryVerb));
  start.command('recovery', { hidden: true }).allowUnknownOption().allowExcessArguments()
    .action(perform(() => Promise.reject(new NotSupportedYet('single files', 'Restore the disk with `lifeboat start recovery … --disk N --to FILE` and mount that image read-only.'))));
}

function addOtherVerbs(program: Command, perform: Perform): void {
  program.command('enrol').description('bind this computer to a server')
    .requiredOption('--server <url>', 'address of the server')
    .requiredOption('--token <token>', 'from `lifeboat enrol token create`')
    .option('--name <name>', 'computer name (default: the host name)')
    .option('--disk <path>', 'block device or image file to protect (repeatable; default: all fixed disks)', collect, [])
    .action((options: Omit<EnrolVerbOptions, 'name'> & { name?: string }) => perform(enrolVerb)({ ...options, name: options.name ?? null }));
  program.command('run').description('stay connected and follow the server').action(perform(runVerb));
  const get = program.command('get').description('show something');
  get.command('disks').description('disks with layout, filesystems and role').action(perform(getDisksVerb));
  get.command('versions').description('restore points of this computer').action(perform(getVersionsVerb));
  get.command('status').description('what the agent is doing').option('--watch', 'once a second', false).action(perform(getStatusVerb));
  program.command('doctor').description('check everything a backup needs').action(perform(doctorVerb));
  program.command('enable').description('enable backups').command('backup').description('end a pause').action(perform(enableBackupVerb));
  program.command('disable').description('disable backups').command('backup').description('no backups on this computer for a while')
    .requiredOption('--until <duration>', 'such as 8h').requiredOption('--reason <text>', 'why').action(perform(disableBackupVerb));
  program.command('stop').description('stop something').command('job').description('stop the backup that is running')
    .option('--now', 'do not keep what was sent for the next run', false).action(perform(stopJobVerb));
}
