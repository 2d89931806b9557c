import { askLocally } from '../../daemon/ask-local.js';
import { exitCodes } from '../../errors/exit-codes.js';
import type { Verb } from './verb-context.js';

/** `stop job`: ends the backup that runs on this computer. With `now` the next run starts anew instead of continuing it. */
export const stopJobVerb: Verb<Readonly<{ now: boolean }>> = async (options, { config, printer }) => {
  const answer = await askLocally(config.stateDir, { ask: 'stop', now: options.now });
  const stopped = answer?.event === 'stopped' && answer.running;
  printer.result({ v: 1, stopped }, () => (stopped ? 'The backup stops.' : 'No backup is running.'));
  return stopped ? exitCodes.ok : exitCodes.failed;
};
