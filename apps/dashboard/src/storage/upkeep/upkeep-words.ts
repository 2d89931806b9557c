import type { GcResult, ScrubResult, UpkeepView } from '@lifeboat/protocol';
import { formatBytes, formatPercent, wholeNumber } from '../../format/bytes.js';

type Activity = Pick<UpkeepView['gc'], 'state' | 'phase' | 'done' | 'total'>;
type Ended = Pick<NonNullable<UpkeepView['gc']['last']>, 'outcome' | 'trigger' | 'message'>;

/** How a chore stands: "Running: mark, 42 %". */
export function activitySentence({ state, phase, done, total }: Activity): string {
  if (state === 'idle') return 'Not running';
  const word = state === 'paused' ? 'Paused while backups need the disk' : 'Running';
  const share = done !== null && total !== null && total > 0 ? formatPercent(done / total) : null;
  return [word, [phase, share].filter((part) => part !== null).join(', ')].filter((part) => part !== '').join(': ');
}

const outcomeWords: Readonly<Record<Ended['outcome'], string>> = { done: 'done', stopped: 'stopped early', failed: 'failed' };
const triggerWords: Readonly<Record<Ended['trigger'], string>> = { operator: 'started by an operator', schedule: 'by schedule', retention: 'for retention' };

/** How the last run ended and who wanted it. */
export function endSentence({ outcome, trigger, message }: Ended): string {
  return `${outcomeWords[outcome]}, ${triggerWords[trigger]}${message === null ? '' : `: ${message}`}`;
}

const packs = (count: number): string => `${wholeNumber(count)} ${count === 1 ? 'pack' : 'packs'}`;

/** What a garbage collection found and gave back. */
export function gcSentence(result: GcResult): string {
  const kept = result.keptDamagedPacks > 0 ? ` ${packs(result.keptDamagedPacks)} kept because ${result.keptDamagedPacks === 1 ? 'it is' : 'they are'} damaged.` : '';
  return `${formatBytes(result.freedBytes)} freed, ${formatBytes(result.reclaimableBytes)} still to reclaim; ${packs(result.packsExamined)} examined, ${wholeNumber(result.deletedPacks)} deleted.${kept}`;
}

/** What a scrub read, found and repaired. */
export function scrubSentence(result: ScrubResult): string {
  const read = `${formatBytes(result.bytesRead)} in ${packs(result.packsRead)} read`;
  if (result.damagedPacks === 0) return `${read}, everything whole.`;
  const lost = result.lostChunks === 0 ? 'nothing lost' : `${wholeNumber(result.lostChunks)} ${result.lostChunks === 1 ? 'chunk' : 'chunks'} lost`;
  return `${read}, ${packs(result.damagedPacks)} damaged: ${formatBytes(result.repairedBytes)} repaired, ${lost}.`;
}
