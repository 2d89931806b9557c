/** What a store is asked to do in the exhaustive cases. */
export const storeSteps = ['put', 'flush', 'commit', 'ledger', 'session', 'reopen', 'purge', 'gc'] as const;
export type StoreStep = (typeof storeSteps)[number];

/** ALICE and CrashMonkey found that workloads of three operations show almost every crash bug of file systems. */
export const stepsMax = 3;

const width = storeSteps.length;
const counts = Array.from({ length: stepsMax }, (_, index) => width ** (index + 1));

/** How many workloads of up to so many steps there are. */
export const caseCount = (steps: number): number => counts.slice(0, steps).reduce((sum, count) => sum + count, 0);

/** The workload with a number, the short ones first; empty beyond the last. */
export function caseOf(number: number): readonly StoreStep[] {
  let rest = number;
  for (const [index, count] of counts.entries()) {
    if (rest < count) return Array.from({ length: index + 1 }, (_, place) => storeSteps[Math.floor(rest / width ** place) % width] ?? 'flush');
    rest -= count;
  }
  return [];
}

/** The workload in words. */
export const describeCase = (number: number): string => caseOf(number).join(', ');
