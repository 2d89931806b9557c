import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ProgramMissing } from '../../cli-errors.js';
import type { CommandContext } from '../../command-context.js';
import type { ExitCode } from '../../exit-codes.js';

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Folder of the built server programs beside this one; `src` and `dist` lie equally deep. */
const serverPrograms = new URL('../../../../server/dist/', import.meta.url);

/**
 * Runs a program of the server as a child with the same terminal: its output, signals and exit code are this command's. The command line itself must not
 * carry the server's libraries.
 *
 * @throws ProgramMissing (PROGRAM_MISSING) the server is not built here.
 */
export function runServerProgram(_context: CommandContext, name: 'main.js' | 'maintenance.js', args: readonly string[]): Promise<ExitCode> {
  const path = fileURLToPath(new URL(name, serverPrograms));
  if (!existsSync(path)) return Promise.reject(new ProgramMissing({ path }));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path, ...args], { stdio: 'inherit' });
    // The child decides when it is done; a second copy of the signal from the terminal does it no harm.
    const forward = (signal: NodeJS.Signals): void => { child.kill(signal); };
    for (const signal of forwarded) process.on(signal, forward);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of forwarded) process.off(name, forward);
      resolve((code ?? 128 + (signal ? constants.signals[signal] : 0)) as ExitCode);
    });
  });
}
