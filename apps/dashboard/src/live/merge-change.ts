import type { Computer, DashboardChange, Job } from '@lifeboat/protocol';

/** The rows with those of `changes` put in the place of the ones they replace; new ones come last. Same array when nothing came. */
export function mergeComputers(rows: readonly Computer[], changes: readonly Computer[]): readonly Computer[] {
  return mergeBy(rows, changes, (computer) => computer.machineId);
}

/** Like {@link mergeComputers} for jobs; new jobs come first, as lists run from newest to oldest. */
export function mergeJobs(rows: readonly Job[], changes: readonly Job[]): readonly Job[] {
  if (changes.length === 0) return rows;
  const known = new Set(rows.map((job) => job.jobId));
  const merged = mergeBy(rows, changes.filter((job) => known.has(job.jobId)), (job) => job.jobId);
  const fresh = new Map(changes.filter((job) => !known.has(job.jobId)).map((job) => [job.jobId, job]));
  return [...[...fresh.values()].reverse(), ...merged];
}

function mergeBy<Row>(rows: readonly Row[], changes: readonly Row[], idOf: (row: Row) => string): readonly Row[] {
  if (changes.length === 0) return rows;
  const newest = new Map(changes.map((row) => [idOf(row), row]));
  const merged = rows.map((row) => {
    const change = newest.get(idOf(row));
    newest.delete(idOf(row));
    return change ?? row;
  });
  return [...merged, ...newest.values()];
}

/** Whether a push may be applied: `next` follows the last one seen, `gap` means that one was missed, `old` that it is known already. */
export function classifyPush(lastSeq: number, seq: number): 'next' | 'gap' | 'old' {
  if (seq <= lastSeq) return 'old';
  return seq === lastSeq + 1 ? 'next' : 'gap';
}

/** What came of one room since the page was last drawn, later pushes winning over earlier ones. */
export type PendingChange = Readonly<{ computers: readonly Computer[]; jobs: readonly Job[]; points: boolean }>;

/** Adds a push to what waits to be drawn. */
export function addPush(pending: PendingChange | undefined, push: DashboardChange): PendingChange {
  if (pending === undefined) return { computers: push.computers, jobs: push.jobs, points: push.points };
  return { computers: [...pending.computers, ...push.computers], jobs: [...pending.jobs, ...push.jobs], points: pending.points || push.points };
}
