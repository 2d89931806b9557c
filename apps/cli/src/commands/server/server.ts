import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { restPaths } from '@lifeboat/protocol';
import { z } from 'zod';
import { ApiClient } from '../../api/api-client.js';
import { NotLoggedIn } from '../../cli-errors.js';
import type { Bind, CommandContext } from '../../command-context.js';
import { saveSettings } from '../../config/save-settings.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatTable } from '../../output/format-table.js';
import { runServerProgram } from './run-server-program.js';

type ServerOptions = Readonly<{ data?: string; port?: string; host?: string; quota?: string }>;

/** Adds `server start`, `login` and `config show`. */
export function addServerCommands(program: Command, bind: Bind): void {
  program.command('server').description('the server on this computer').command('start').description('run the server until it is told to stop')
    .option('--data <dir>', 'data directory').option('--port <port>', 'port to listen on (8420)').option('--host <address>', 'address to listen on (127.0.0.1)')
    .option('--quota <bytes>', 'how large the store may grow')
    .action(bind(startServer));
  program.command('login').description('remember address and token of a server for this user')
    .addHelpText('after', '\nThe token comes from --token-file, LIFEBOAT_TOKEN, --token, or is asked for.\n\nExamples:\n  lifeboat login --url https://backup.example:8420 --token-file token.txt\n  lifeboat login')
    .action(bind(login));
  program.command('config').description('settings of this command').command('show').description('the settings in force')
    .option('--origin', 'say where each comes from')
    .action(bind(showConfig));
}

function startServer(context: CommandContext, options: ServerOptions): Promise<ExitCode> {
  const args = Object.entries(options).filter(([name]) => ['data', 'port', 'host', 'quota'].includes(name)).flatMap(([name, value]) => [`--${name}`, value]);
  return runServerProgram(context, 'main.js', args);
}

async function login(context: CommandContext): Promise<ExitCode> {
  const { printer, userFile, signal } = context;
  const { url, token: known } = context.settings();
  // The token remembered from before is what a new login replaces.
  const token = known.value !== null && known.origin !== 'user file' ? known.value : await askForToken(context, url.value);
  await new ApiClient({ url: url.value, token, signal }).ask({ method: 'GET', path: restPaths.session }, z.object({ v: z.literal(1) }));
  await saveSettings(userFile, { v: 1, url: url.value, token });
  printer.result({ v: 1, url: url.value, file: userFile }, () => `Logged in at ${url.value}; remembered in ${userFile}.`);
  printer.next('lifeboat get computers');
  return exitCodes.ok;
}

async function askForToken({ noInput, signal }: CommandContext, url: string): Promise<string> {
  if (noInput) throw new NotLoggedIn();
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const token = (await lines.question(`Token for ${url}: `, { signal })).trim();
    if (token === '') throw new NotLoggedIn();
    return token;
  } finally {
    lines.close();
  }
}

function showConfig({ settings, printer }: CommandContext, options: { origin?: true }): Promise<ExitCode> {
  const { url, token } = settings();
  const rows = [
    { name: 'url', value: url.value, origin: url.origin, where: url.where },
    // A token on a screen is a token lost.
    { name: 'token', value: token.value === null ? 'not set' : 'set', origin: token.origin, where: token.where },
  ];
  const json = Object.fromEntries(rows.map(({ name, value, origin, where }) => [name, options.origin ? { value, origin, where } : value]));
  printer.result({ v: 1, ...json }, () =>
    formatTable(rows, [{ title: 'NAME', of: (row) => row.name }, { title: 'VALUE', of: (row) => row.value }, ...(options.origin ? [{ title: 'ORIGIN', of: (row: { origin: string }) => row.origin }, { title: 'WHERE', of: (row: { where: string }) => row.where }] : [])]));
  return Promise.resolve(exitCodes.ok);
}
