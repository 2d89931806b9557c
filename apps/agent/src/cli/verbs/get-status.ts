import { seconds } from '@lifeboat/model';
import { systemClock } from '@lifeboat/codec';
import { askLocally } from '../../daemon/ask-local.js';
import { exitCodes } from '../../errors/exit-codes.js';
import { AgentState } from '../../identity/agent-state.js';
import { formatBytes } from '../format.js';
import type { Verb, VerbContext } from './verb-context.js';

/** `get status`: what this computer's agent is doing, without asking the server. With `watch` once a second until interrupted. */
export const getStatusVerb: Verb<Readonly<{ watch: boolean }>> = async (options, context) => {
  const state = await AgentState.open(context.config.stateDir);
  for (;;) {
    const status = await readStatus(state, context);
    context.printer.result(status, () => describe(status));
    if (!options.watch) return exitCodes.ok;
    await systemClock.sleep(seconds(1), context.signal);
  }
};

type Status = Awaited<ReturnType<typeof readStatus>>;

async function readStatus(state: AgentState, { config }: VerbContext) {
  const [identity, pause, lastRun, answer] = await Promise.all([state.identity.read(), state.pause.read(), state.lastRun.read(), askLocally(config.stateDir, { ask: 'status' })]);
  const live = answer?.event === 'status' ? answer.status : null;
  const disabledUntil = pause && pause.untilMs > systemClock.nowMs() ? { until: new Date(pause.untilMs).toISOString(), reason: pause.reason } : null;
  return {
    v: 1 as const,
    enrolled: identity?.machineId ? ('yes' as const) : identity ? ('held' as const) : ('no' as const),
    computer: identity?.name ?? null, machineId: identity?.machineId ?? null, serverUrl: identity?.serverUrl ?? null,
    daemon: live?.role === 'daemon' ? { connection: live.connection } : null,
    running: live?.running ?? null,
    disabled: disabledUntil,
    lastRun: lastRun && { finishedAt: new Date(lastRun.finishedAtMs).toISOString(), state: lastRun.state, code: lastRun.code, message: lastRun.message, pointId: lastRun.pointId },
  };
}

function describe(status: Status): string {
  const lines = [status.enrolled === 'no' ? 'Not enrolled.' : `${status.computer ?? ''} at ${status.serverUrl ?? ''}${status.enrolled === 'held' ? ', waiting for an admin' : ''}`];
  lines.push(status.daemon ? `The daemon runs, ${status.daemon.connection ?? 'disconnected'}.` : 'The daemon does not run.');
  const progress = status.running?.progress;
  if (status.running) lines.push(progress ? `Backup under way: ${progress.phase}, ${formatBytes(progress.doneBytes)} of ${formatBytes(progress.totalBytes)}, sent ${formatBytes(progress.bytes.sent)}` : 'Backup under way.');
  if (status.disabled) lines.push(`Backups are disabled until ${status.disabled.until}: ${status.disabled.reason}`);
  if (status.lastRun) lines.push(`Last run ${status.lastRun.finishedAt}: ${status.lastRun.state}${status.lastRun.message === null ? '' : `, ${status.lastRun.message} (${status.lastRun.code ?? ''})`}`);
  return lines.join('\n');
}
