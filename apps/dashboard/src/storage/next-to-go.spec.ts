import { RetentionPlanView } from '@lifeboat/protocol';
import { leavingPoints, markedPoints } from './next-to-go.js';

const point = (n: number) => ({ computer: `WS-${String(n)}`, machineId: 'a'.repeat(32), id: n.toString(16).padStart(32, '0'), createdAt: '2026-10-02T02:00:00Z' });
const pruned = (n: number, needsApproval: string | null = null) => ({ ...point(n), reason: `reason ${String(n)}`, code: 'PRUNE_NO_SLOT', by: 'calendar', uniqueBytes: n, cumulativeFreeBytes: n, needsApproval });
const plan = (facts: Readonly<Record<string, unknown>>): RetentionPlanView =>
  RetentionPlanView.parse({
    v: 1, planHash: 'f'.repeat(64), stateVersion: 1, madeAt: '2026-11-20T00:00:00Z', pressure: 'green', keep: [], prune: [], purge: [], condemned: [], targetBytes: 0, expectedFreeBytes: 0, shortfallBytes: 0, ...facts,
  });

test('soonest first, and nothing twice', () => {
  const now = plan({ prune: [pruned(1), pruned(2, 'younger than 7 days')], purge: [{ ...point(3), reason: 'the time to bring it back is over', uniqueBytes: 5 }], condemned: [{ ...point(4), purgeAfter: '2026-11-22T00:00:00Z' }] });
  const later = plan({ prune: [pruned(1), pruned(2), pruned(4), pruned(5)] });
  expect(leavingPoints(now, later, (at) => `at ${at.slice(0, 10)}`).map(({ computer, when, frees }) => [computer, when, frees])).toEqual([
    ['WS-3', 'next run', 5], ['WS-1', 'next run', 1], ['WS-2', 'after a second operator, or 24 hours', 2], ['WS-5', 'within 7 days', 5], ['WS-4', 'at 2026-11-22', 0],
  ]);
  expect(leavingPoints(now, undefined, String)).toHaveLength(4);
  expect(markedPoints(now)).toEqual({ points: 2, ready: 1 });
});
