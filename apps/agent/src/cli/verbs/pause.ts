import { parseDurationMs } from '../../config/duration.js';
import { UsageInvalid } from '../../errors/agent-errors.js';
import { exitCodes } from '../../errors/exit-codes.js';
import { AgentState } from '../../identity/agent-state.js';
import type { Verb } from './verb-context.js';

/** `disable backup`: no backups on this computer for a while; the reason is shown to whoever asks. */
export const disableBackupVerb: Verb<Readonly<{ until: string; reason: string }>> = async (options, { config, printer }) => {
  const durationMs = parseDurationMs(options.until);
  if (durationMs === null || durationMs === 0) throw new UsageInvalid('--until is not a duration', 'Write a duration such as 90m, 8h or 2d.');
  const untilMs = Date.now() + durationMs;
  const state = await AgentState.open(config.stateDir);
  await state.pause.write({ v: 1, untilMs, reason: options.reason.slice(0, 500) });
  const until = new Date(untilMs).toISOString();
  printer.result({ v: 1, disabledUntil: until, reason: options.reason }, () => `Backups are disabled until ${until}.`);
  return exitCodes.ok;
};

/** `enable backup`: ends what {@link disableBackupVerb} began. */
export const enableBackupVerb: Verb<object> = async (_options, { config, printer }) => {
  const state = await AgentState.open(config.stateDir);
  await state.pause.remove();
  printer.result({ v: 1, disabledUntil: null }, () => 'Backups are enabled.');
  return exitCodes.ok;
};
