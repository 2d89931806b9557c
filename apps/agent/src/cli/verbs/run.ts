import { runDaemon } from '../../daemon/run-daemon.js';
import { exitCodes } from '../../errors/exit-codes.js';
import { openEnrolledAgent } from '../agent-context.js';
import type { Verb } from './verb-context.js';

/** `run`: the daemon, until SIGTERM or SIGINT. Both end it orderly, so the exit code is 0. */
export const runVerb: Verb<object> = async (_options, { config, printer, signal }) => {
  const agent = await openEnrolledAgent(config);
  try {
    printer.message(`Agent of ${agent.identity.name}, server ${agent.identity.serverUrl}`);
    await runDaemon(agent, config, signal);
    return exitCodes.ok;
  } finally {
    agent.close();
  }
};
