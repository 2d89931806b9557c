import { restPaths, UpkeepView } from '@lifeboat/protocol';
import { seconds } from '@lifeboat/model';
import type { CommandContext } from '../../command-context.js';
import { ChoreFailed } from '../../cli-errors.js';
import { formatShare } from '../../output/format.js';

const pollMs = seconds(0.5);

/**
 * Waits until the chore is idle again and gives how it ended. Shows phase and share of the work meanwhile.
 * @throws ChoreFailed (the store's code) when it failed or was stopped.
 */
export async function watchChore<Name extends 'gc' | 'scrub'>({ api, printer, clock, signal }: CommandContext, name: Name): Promise<NonNullable<NonNullable<UpkeepView[Name]['last']>['result']>> {
  const client = api();
  for (;;) {
    const { [name]: chore } = await client.ask({ method: 'GET', path: restPaths.storeUpkeep }, UpkeepView);
    if (chore.state === 'idle') {
      if (chore.last?.outcome !== 'done' || !chore.last.result) throw new ChoreFailed({ code: chore.last?.code ?? 'CHORE_STOPPED', message: chore.last?.message ?? 'the server stopped the work; start it again' });
      return chore.last.result;
    }
    const share = chore.total === null || chore.done === null ? '' : ` ${formatShare(chore.done, chore.total)}`;
    printer.progress(`${name} · ${chore.state === 'paused' ? 'waiting for backups' : (chore.phase ?? 'starting')}${share}`, clock.nowMs());
    await clock.sleep(pollMs, signal);
    signal.throwIfAborted();
  }
}
