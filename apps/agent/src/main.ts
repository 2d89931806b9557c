import { runCli } from './cli/program.js';
import { RunStopped } from './errors/agent-errors.js';
import { exitCodes } from './errors/exit-codes.js';

const stopping = new AbortController();

/** The first signal ends the command orderly, the second at once. */
function onSignal(): void {
  if (stopping.signal.aborted) process.exit(exitCodes.interrupted);
  stopping.abort(new RunStopped(false));
}
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);
process.on('SIGHUP', onSignal);

// Started by the launcher under another Node: when the launcher dies, so do we, as if we were one process.
if (process.channel) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel.unref();
}

const exitCode = await runCli(process.argv.slice(2), stopping.signal);
// Idle connections of others' pools must not keep a finished command alive.
process.stdout.write('', () => process.exit(exitCode));
