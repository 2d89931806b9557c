import type { BackupPhase } from '@lifeboat/model';
import type { Job } from '@lifeboat/protocol';

/** Whether a job still has something to do. */
export function isActive(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running' || job.state === 'parked';
}

/** The jobs page's two lists. Running ones come first among the active, the rest by age; finished ones from newest to oldest. */
export function splitJobs(jobs: readonly Job[], sinceMs: number): Readonly<{ active: readonly Job[]; finished: readonly Job[]; earlier: number }> {
  const rank: Partial<Record<Job['state'], number>> = { running: 0, parked: 1, queued: 2 };
  const active = jobs.filter(isActive).toSorted((a, b) => (rank[a.state] ?? 3) - (rank[b.state] ?? 3) || Date.parse(a.createdAt) - Date.parse(b.createdAt));
  const ended = jobs.filter((job) => !isActive(job)).toSorted((a, b) => endOf(b) - endOf(a));
  const finished = ended.filter((job) => endOf(job) >= sinceMs);
  return { active, finished, earlier: ended.length - finished.length };
}

const endOf = (job: Job): number => Date.parse(job.finishedAt ?? job.createdAt);

/** A finished job in one sum: how many ended well, with warnings, badly or not at all. */
export function countOutcomes(jobs: readonly Job[]): Readonly<{ done: number; warned: number; failed: number; other: number }> {
  const count = (...states: Job['state'][]): number => jobs.filter((job) => states.includes(job.state)).length;
  return { done: count('done'), warned: count('warned'), failed: count('failed'), other: count('stopped', 'refused', 'missed') };
}

/** The stages of a backup as the page names them, in order. */
export const phases: readonly BackupPhase[] = ['prepare', 'scan', 'send', 'commit'];

/** Where each stage stands. Nothing is done before the first report. */
export function phaseSteps(current: BackupPhase | null): readonly Readonly<{ phase: BackupPhase; step: 'done' | 'current' | 'ahead' }>[] {
  const place = current === null ? -1 : phases.indexOf(current);
  return phases.map((phase, index) => ({ phase, step: index < place ? 'done' : index === place ? 'current' : 'ahead' }));
}

/** Share of the current stage that is done, 0..1; null when its total is not known yet, which the bar shows as such. */
export function doneShare(job: Job): number | null {
  if (job.progress === null || job.progress.totalBytes === 0) return null;
  return Math.min(1, job.progress.doneBytes / job.progress.totalBytes);
}

/** What a job is about, as verb and object: "Backup", "Restore". */
export function jobTitle(job: Job): string {
  return job.kind === 'backup' ? 'Backup' : 'Restore';
}

/** Who or what started a job. */
export function triggerWords(job: Job): string {
  switch (job.trigger) {
    case 'admin': return 'started by an admin';
    case 'agent': return 'started on the machine';
    case 'schedule': return 'by schedule';
  }
}
