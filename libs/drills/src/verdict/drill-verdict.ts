/**
 * How far a drill proves a machine. 1 every chunk read back and hashed · 2 restored to a scratch image and compared · 3 every volume's filesystem checked and sample files
 * compared · 4 booted to a screen that was recognised · 5 a script of the user's said OK inside the guest. Each level includes the ones below it.
 */
export type DrillLevel = 1 | 2 | 3 | 4 | 5;

/** `inconclusive` is neither proof nor damage: something kept the check from judging. */
export type Verdict = 'passed' | 'failed' | 'inconclusive';

/** The steps of a drill, in the order they are taken; the first four stand for a level each, the others are parts of levels 3 to 5. */
export const drillSteps = ['read', 'restore', 'partition-table', 'static-boot', 'filesystem', 'canaries', 'boot', 'script'] as const;
export type DrillStep = (typeof drillSteps)[number];

/** What one check said. `code` is stable; `detail` is a sentence with what was seen. A check that does not apply to a disk is not listed. */
export type CheckResult = Readonly<{ name: string; step: DrillStep; verdict: Verdict; code: string | null; detail: string; durationMs: number }>;

/** A drill's verdict: where and why it failed or could not judge; both null when it passed. */
export type DrillVerdict = Readonly<{ verdict: Verdict; step: DrillStep | null; code: string | null; detail: string }>;

/** The step that must have been taken, at least once, for a level to be proven. */
const stepOfLevel: Readonly<Record<DrillLevel, DrillStep>> = { 1: 'read', 2: 'restore', 3: 'filesystem', 4: 'boot', 5: 'script' };

/**
 * Sums up a drill. A failure anywhere fails it, at the earliest step that failed; else anything that could not judge makes it inconclusive; and a level whose own
 * step was never taken is not proven, however well the rest went. Pure.
 */
export function judgeDrill(level: DrillLevel, checks: readonly CheckResult[]): DrillVerdict {
  const ordered = [...checks].sort((a, b) => drillSteps.indexOf(a.step) - drillSteps.indexOf(b.step));
  const decisive = ordered.find(({ verdict }) => verdict === 'failed') ?? ordered.find(({ verdict }) => verdict === 'inconclusive');
  if (decisive) return { verdict: decisive.verdict, step: decisive.step, code: decisive.code, detail: `${decisive.name}: ${decisive.detail}` };
  for (let each = 1 as DrillLevel; each <= level; each = (each + 1) as DrillLevel) {
    const step = stepOfLevel[each];
    if (!ordered.some((check) => check.step === step)) return { verdict: 'inconclusive', step, code: 'STEP_NOT_TAKEN', detail: `nothing was checked at level ${String(each)}` };
  }
  return { verdict: 'passed', step: null, code: null, detail: `${String(ordered.length)} checks passed` };
}

/** Milliseconds of work that would be lost if the machine died when the drill began: the age of the point then. */
export function recoveryPointAgeMs(drill: Readonly<{ pointCreatedAtMs: number; startedAtMs: number }>): number {
  return Math.max(0, drill.startedAtMs - drill.pointCreatedAtMs);
}
