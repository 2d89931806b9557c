import { hours, RetentionPolicy } from '@lifeboat/model';
import { ClockUntrusted, RetentionPolicyInvalid, RetentionStateInvalid, StoreShrank } from '../errors.js';
import type { RetentionMachine, RetentionState, StoreSpace } from './retention-state.js';

/** Wall clock and trusted time may differ by this much before nothing is deleted any more. */
const clockToleranceMs = hours(1);
/** A filesystem's size wavers a little with its metadata; a smaller one is another filesystem. */
const shrinkTolerance = 0.01;
const maxProblems = 20;
const countMax = Number.MAX_SAFE_INTEGER;
/** Policies found valid before; machines share them, and nobody changes one in place. */
const checkedPolicies = new WeakSet<RetentionPolicy>();
const latestMs = 8_640_000_000_000_000;

/**
 * Checks what a decision would rest on, before anything is decided.
 *
 * @throws ClockUntrusted (CLOCK_UNTRUSTED) wall clock and trusted time disagree by more than an hour
 * @throws StoreShrank (STORE_SHRANK) the store is smaller than at the last run
 * @throws RetentionPolicyInvalid (RETENTION_POLICY_INVALID) a machine's policy has a negative or absurd number
 * @throws RetentionStateInvalid (RETENTION_STATE_INVALID) numbers contradict themselves
 */
export function assertRetentionState(state: RetentionState, nowMs: number): void {
  const problems = [...spaceProblems(state.space), ...settingsProblems(state)];
  if (!isTime(nowMs)) problems.push('now is not a time');
  if (!isCount(state.stateVersion)) problems.push('stateVersion is not a number of a ledger record');
  const seen = new Set<string>();
  for (const machine of state.machines) {
    if (problems.length >= maxProblems) break;
    if (seen.has(machine.machineId)) problems.push(`machine ${machine.machineId} is listed twice`);
    seen.add(machine.machineId);
    const problem = machineProblem(machine);
    if (problem !== null) problems.push(`${machine.machineId}: ${problem}`);
  }
  if (problems.length > 0) throw new RetentionStateInvalid(problems);
  const { clock, space } = state;
  if (clock.jumped || Math.abs(clock.wallMs - clock.uncreditedMs - nowMs) > clockToleranceMs) throw new ClockUntrusted({ wallMs: clock.wallMs, trustedMs: nowMs });
  if (space.previousSizeBytes !== null && space.sizeBytes < space.previousSizeBytes * (1 - shrinkTolerance)) {
    throw new StoreShrank({ previousSizeBytes: space.previousSizeBytes, sizeBytes: space.sizeBytes });
  }
  for (const { machineId, policy } of state.machines) {
    if (policy === null || checkedPolicies.has(policy)) continue;
    assertRetentionPolicy(policy, { machineId });
    checkedPolicies.add(policy);
  }
}

/**
 * Parses a policy, for whoever sets one and for those that are in force.
 *
 * @throws RetentionPolicyInvalid (RETENTION_POLICY_INVALID) with one problem per field
 */
export function assertRetentionPolicy(input: unknown, details: Readonly<Record<string, string>> = {}): RetentionPolicy {
  const parsed = RetentionPolicy.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new RetentionPolicyInvalid(parsed.error.issues.slice(0, maxProblems).map((issue) => `${issue.path.join('.')}: ${issue.message}`), details);
}

/** The policy in force for a stored value: null, which keeps everything, for one that cannot be parsed. */
export function readRetentionPolicy(stored: unknown): RetentionPolicy | null {
  const parsed = RetentionPolicy.safeParse(stored);
  return parsed.success ? parsed.data : null;
}

function spaceProblems(space: StoreSpace): string[] {
  const problems: string[] = [];
  const counts = ['sizeBytes', 'reclaimableBytes', 'reservedBytes', 'reserveBytes', 'inodesTotal', 'inodesFree', 'reservedInodes'] as const;
  for (const field of counts) if (!isCount(space[field])) problems.push(`space.${field} is not a count`);
  if (!Number.isSafeInteger(space.freeBytes) || (space.freeBytes < 0 && space.quotaBytes === null)) problems.push('space.freeBytes is not a count');
  if (space.quotaBytes !== null && (!isCount(space.quotaBytes) || space.quotaBytes < space.sizeBytes)) problems.push('space.quotaBytes is not the size');
  if (space.previousSizeBytes !== null && !isCount(space.previousSizeBytes)) problems.push('space.previousSizeBytes is not a count');
  if (space.sizeBytes === 0) problems.push('space.sizeBytes is 0');
  if (space.freeBytes > space.sizeBytes) problems.push('more bytes are free than there are');
  if (space.inodesFree > space.inodesTotal) problems.push('more inodes are free than there are');
  return problems;
}

function settingsProblems({ settings }: RetentionState): string[] {
  const { greenFreePercent: green, yellowFreePercent: yellow, orangeFreePercent: orange, undeleteMs } = settings;
  const ordered = 100 > green && green >= yellow && yellow >= orange && orange >= 0;
  return [...(ordered ? [] : ['the watermarks do not fall from green to orange']), ...(isCount(undeleteMs) ? [] : ['settings.undeleteMs is not a duration'])];
}

function machineProblem(machine: RetentionMachine): string | null {
  let lastSeq = -1;
  const ids = new Set<string>();
  for (const point of machine.points) {
    if (!isCount(point.seq) || point.seq <= lastSeq) return 'points are not ascending by seq';
    lastSeq = point.seq;
    if (ids.has(point.pointId)) return `point ${point.pointId} is listed twice`;
    ids.add(point.pointId);
    if (!isTime(point.createdAtMs)) return `point ${point.pointId} has no time`;
    if (!isCount(point.usedBytes) || !isCount(point.storedBytes) || !isCount(point.changedBytes) || !isCount(point.sizes.uniqueBytes)) return `point ${point.pointId} has a size that is not a count`;
  }
  for (const run of machine.exclusive ?? []) if (!isCount(run.bytes) || !(run.firstSeq <= run.lastSeq)) return 'a run of exclusive chunks is not a run';
  return null;
}

function isCount(value: number): boolean {
  return value >= 0 && value <= countMax && value % 1 === 0;
}

function isTime(value: number): boolean {
  return value >= 0 && value <= latestMs && value % 1 === 0;
}
