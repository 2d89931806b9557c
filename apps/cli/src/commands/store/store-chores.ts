import type { Command } from 'commander';
import { restPaths, UpkeepView, type GcResult, type ScrubResult } from '@lifeboat/protocol';
import type { Bind, CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatBytes, formatDuration } from '../../output/format.js';
import { formatFacts } from '../../output/format-table.js';
import { showDamage } from './show-damage.js';
import { watchChore } from './watch-chore.js';

/** Adds `store gc`, `store scrub` and `store damage`, which the running server carries out. */
export function addStoreChoreCommands(store: Command, bind: Bind): void {
  store.command('gc').description('collect what no restore point needs any more').action(bind(collectGarbage));
  store.command('scrub').description('read every stored byte, repair what can be repaired, and say what is lost')
    .option('--due', 'only what was not read within the deadline')
    .action(bind(scrub));
  store.command('damage').description('what is known to be lost, by computer, point, volume, place and file').action(bind(showDamage));
}

async function collectGarbage(context: CommandContext): Promise<ExitCode> {
  await context.api().ask({ method: 'POST', path: restPaths.storeGc, body: {} }, UpkeepView);
  const result: GcResult = await watchChore(context, 'gc');
  context.printer.result({ v: 1, ...result }, () =>
    formatFacts([
      ['freed', formatBytes(result.freedBytes)], ['waiting to be deleted', formatBytes(result.reclaimableBytes)], ['live', `${formatBytes(result.liveBytes)} in ${String(result.liveChunks)} chunks`],
      ['packs', `${String(result.packsExamined)} examined, ${String(result.condemnedPacks)} condemned, ${String(result.rewrittenPacks)} rewritten, ${String(result.deletedPacks)} deleted`], ['took', formatDuration(result.durationMs)],
    ]));
  if (result.keptDamagedPacks === 0) return exitCodes.ok;
  context.printer.note(`${String(result.keptDamagedPacks)} packs are damaged and stay until they are repaired.`);
  context.printer.next('lifeboat store scrub');
  return exitCodes.warnings;
}

async function scrub(context: CommandContext, options: { due?: true }): Promise<ExitCode> {
  await context.api().ask({ method: 'POST', path: restPaths.storeScrub, body: { all: options.due !== true } }, UpkeepView);
  const result: ScrubResult = await watchChore(context, 'scrub');
  context.printer.result({ v: 1, ...result }, () =>
    formatFacts([
      ['read', `${formatBytes(result.bytesRead)} in ${String(result.packsRead)} packs`], ['damaged packs', String(result.damagedPacks)], ['repaired', `${formatBytes(result.repairedBytes)} in ${String(result.repairedChunks)} chunks`],
      ['lost', result.lostChunks === 0 ? 'nothing' : `${String(result.lostChunks)} chunks`], ['oldest unread byte', result.oldestUnscrubbedAt ?? 'none'],
    ]));
  if (result.lostChunks > 0) {
    context.printer.note('What is lost is healed by the next backup of a computer that still has it. `lifeboat store damage` lists it.');
    return exitCodes.verificationFailed;
  }
  return result.damagedPacks > 0 ? exitCodes.warnings : exitCodes.ok;
}
