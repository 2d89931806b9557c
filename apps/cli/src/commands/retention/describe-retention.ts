import type { RetentionPolicy } from '@lifeboat/model';
import type { RetentionView } from '@lifeboat/protocol';
import { formatDuration } from '../../output/format.js';
import { formatFacts, formatTable } from '../../output/format-table.js';

/** Settings, policies by computer with their origin, and what runs or waits. */
export function describeRetention(view: RetentionView): string {
  const { settings, run } = view;
  const facts = formatFacts([
    ['time zone', settings.timeZone], ['watermarks', `green above ${String(settings.greenFreePercent)} % free, yellow below ${String(settings.yellowFreePercent)} %, orange below ${String(settings.orangeFreePercent)} %`],
    ['pressure', view.pressure], ['undelete', `${formatDuration(settings.undeleteMs)} while there is room`],
    ['running', run.state === 'running' ? `${run.trigger ?? ''}, round ${String(run.round ?? 1)}, ${run.phase ?? ''}` : 'no'],
    ['last run', run.last ? `${run.last.outcome} at ${run.last.finishedAt}: ${String(run.last.condemnedPoints)} deleted, ${String(run.last.purgedPoints)} purged` : 'none since the server started'],
    ['waiting', `${String(view.requests.filter(({ state }) => state === 'waiting').length)} deletions for a second operator`],
    ...view.anomalies.map((anomaly) => ['anomaly', `${anomaly.computer}: ${anomaly.detail}`] as const),
  ]);
  if (view.computers.length === 0) return facts;
  const table = formatTable<RetentionView['computers'][number]>(view.computers, [
    { title: 'COMPUTER', of: (computer) => computer.computer },
    { title: 'TAGS', of: (computer) => computer.tags.join(', ') },
    { title: 'KEEPS', of: (computer) => describePolicy(computer.policy) },
    { title: 'FROM', of: (computer) => originsOf(computer) },
  ]);
  return `${facts}\n\n${table}`;
}

/** A policy in a few words. */
export function describePolicy(policy: RetentionPolicy): string {
  const { keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly, keepWithinMs, minKeep } = policy;
  const rules = ([[keepLast, 'last'], [keepHourly, 'hourly'], [keepDaily, 'daily'], [keepWeekly, 'weekly'], [keepMonthly, 'monthly'], [keepYearly, 'yearly']] as const).flatMap(([count, name]) => (count > 0 ? [`${String(count)} ${name}`] : []));
  const all = [...rules, ...(keepWithinMs === null ? [] : [`all of ${formatDuration(keepWithinMs)}`])];
  return `${all.length === 0 ? 'everything while there is room' : all.join(' or ')}; at least ${String(minKeep)}`;
}

function originsOf({ fields }: RetentionView['computers'][number]): string {
  const origins = Object.values(fields).map(({ origin }) => (origin.kind === 'tag' ? `tag ${origin.tag}` : origin.kind));
  return [...new Set(origins)].join(', ');
}
