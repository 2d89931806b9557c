import type { DeletionRequestView, RetentionRunView, RetentionView } from '@lifeboat/protocol';
import { formatBytes, wholeNumber } from '../format/bytes.js';

/** Which points a request is about: "3 points of WS-1 and SRV-2". */
export function requestedPoints({ points }: Pick<DeletionRequestView, 'points'>): string {
  const names = [...new Set(points.map(({ computer }) => computer))].sort();
  const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${String(names.length - 3)} more machines` : names.join(names.length === 2 ? ' and ' : ', ');
  return `${wholeNumber(points.length)} ${points.length === 1 ? 'point' : 'points'} of ${shown}`;
}

/** What was odd about a machine's change. */
export const anomalyWords: Readonly<Record<RetentionView['anomalies'][number]['kind'], string>> = { 'change-rate': 'changed far more than usual', entropy: 'changed into bytes that look encrypted' };

const triggerWords: Readonly<Record<NonNullable<RetentionRunView['trigger']>, string>> = {
  operator: 'started by an operator', commit: 'after a backup', pressure: 'because room is tight', daily: 'as every day', start: 'after the server started',
};
const phaseWords: Readonly<Record<NonNullable<RetentionRunView['phase']>, string>> = { plan: 'planning', condemn: 'marking points', purge: 'removing points', collect: 'collecting garbage' };

/** What retention does at the moment. */
export function runSentence(run: RetentionRunView): string {
  if (run.state === 'idle') return 'Retention is not running';
  const phase = run.phase === null ? '' : `: ${phaseWords[run.phase]}${run.round === null ? '' : `, round ${String(run.round)} of 3`}`;
  return `Retention runs${run.trigger === null ? '' : ` ${triggerWords[run.trigger]}`}${phase}`;
}

/** How the last run ended: marked and reclaimed are two numbers. */
export function lastRunSentence(last: NonNullable<RetentionRunView['last']>): string {
  const word = { done: 'done', stopped: 'stopped early', failed: 'failed' }[last.outcome];
  const waiting = last.waitingForApproval === 0 ? '' : `; ${wholeNumber(last.waitingForApproval)} wait for a second operator`;
  const missing = last.shortfallBytes === 0 ? '' : `; ${formatBytes(last.shortfallBytes)} short of the mark`;
  return `${word}: ${wholeNumber(last.condemnedPoints)} marked, ${wholeNumber(last.purgedPoints)} removed, ${formatBytes(Math.max(0, last.freedBytes))} reclaimed${waiting}${missing}${last.message === null ? '' : `. ${last.message}`}`;
}
