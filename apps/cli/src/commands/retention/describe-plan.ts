import type { BlastRadius, RetentionPlanView } from '@lifeboat/protocol';
import { formatBytes, shortId } from '../../output/format.js';
import { formatFacts, formatTable } from '../../output/format-table.js';

type Pruned = RetentionPlanView['prune'][number];

/** What a plan would delete, in order, and how it comes out. */
export function describePlan(plan: RetentionPlanView): string {
  const facts = formatFacts([
    ['plan', plan.planHash.slice(0, 12)], ['pressure', plan.pressure], ['kept', String(plan.keep.length)], ['go', String(plan.prune.length)], ['gone for good', String(plan.purge.length)],
    ['can be brought back', String(plan.condemned.length)], ['free afterwards', formatBytes(Math.max(0, plan.expectedFreeBytes))], ['short of', formatBytes(plan.shortfallBytes)],
  ]);
  if (plan.prune.length === 0) return `${facts}\n\nNothing goes.`;
  const table = formatTable<Pruned>(plan.prune, [
    { title: 'COMPUTER', of: (point) => point.computer },
    { title: 'VERSION', of: (point) => shortId(point.id) },
    { title: 'CREATED', of: (point) => point.createdAt },
    { title: 'FREES', of: (point) => formatBytes(point.uniqueBytes), right: true },
    { title: 'WAITS', of: (point) => point.needsApproval ?? '' },
    { title: 'WHY', of: (point) => point.reason },
  ]);
  return `${facts}\n\n${table}`;
}

/** What saving a change would delete within a week. */
export function describeRadius(radius: BlastRadius): string {
  const heading = `${String(radius.computers.length)} ${radius.computers.length === 1 ? 'computer changes' : 'computers change'}; ${String(radius.deleted.length)} restore points would go within 7 days, ${String(radius.kept)} would stay that go now.`;
  if (radius.deleted.length === 0) return heading;
  const table = formatTable<BlastRadius['deleted'][number]>(radius.deleted, [
    { title: 'COMPUTER', of: (point) => point.computer }, { title: 'VERSION', of: (point) => shortId(point.id) }, { title: 'CREATED', of: (point) => point.createdAt },
    { title: 'FREES', of: (point) => formatBytes(point.uniqueBytes), right: true }, { title: 'WHY', of: (point) => point.reason },
  ]);
  return `${heading}\n\n${table}`;
}
