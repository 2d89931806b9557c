import { z } from 'zod';
import type { BackupPolicy } from '../policy/backup-policy.js';
import { days, hours } from '../units.js';

/** The one status of a machine, by the first rule that matches. Being online is never part of it. */
export const MachineState = z.enum(['at_risk', 'late', 'unproven', 'pending', 'paused', 'protected']);
export type MachineState = z.infer<typeof MachineState>;

/** A passed drill: the level it reached and when. */
export const Proof = z.strictObject({ level: z.number().int().min(1).max(5), atMs: z.number().int().nonnegative() });
export type Proof = z.infer<typeof Proof>;

/** What the state is decided from. Times are milliseconds since 1970 by the server's clock. */
export type MachineEvidence = Readonly<{
  enrolledAtMs: number;
  lastSeenAtMs: number | null;
  /** Newest point that would restore now, i.e. good; suspect and damaged points do not count. */
  newestGoodPointAtMs: number | null;
  damagedPoints: number;
  lastProof: Proof | null;
  policy: BackupPolicy;
}>;

export type MachineVerdict = Readonly<{ state: MachineState; reason: string }>;

/** Late begins this much after the target, so that one slow run does not raise an alarm. */
const graceShare = 0.2;
/** A new machine may take this long for its first full backup. */
const firstPointGraceMs = days(2);
/** A proof older than this no longer proves. */
const proofTargetMs = days(30);

/**
 * Decides a machine's state and says why, first match wins: at risk, late, unproven, pending, paused, protected.
 * A pause keeps a machine from being late, never from being at risk.
 */
export function decideMachineState(evidence: MachineEvidence, nowMs: number): MachineVerdict {
  const { newestGoodPointAtMs: newest, policy } = evidence;
  const paused = policy.pausedUntilMs !== null && policy.pausedUntilMs > nowMs;
  if (newest === null) {
    if (evidence.damagedPoints > 0) return { state: 'at_risk', reason: 'Every restore point is damaged or suspect. Start a new full backup' };
    if (paused) return { state: 'paused', reason: 'Paused; there is no restore point yet' };
    if (nowMs - evidence.enrolledAtMs <= firstPointGraceMs) return { state: 'pending', reason: 'The first full backup has not finished yet' };
    return { state: 'at_risk', reason: `No restore point ${formatAge(nowMs - evidence.enrolledAtMs)} after enrolment. ${seen(evidence, nowMs)}` };
  }
  const ageMs = Math.max(0, nowMs - newest);
  if (paused) return { state: 'paused', reason: `Paused; the last restore point is ${formatAge(ageMs)} old` };
  if (ageMs > policy.rpoTargetMs * (1 + graceShare)) {
    return { state: 'late', reason: `The last restore point is ${formatAge(ageMs)} old, target ${formatAge(policy.rpoTargetMs)}. ${seen(evidence, nowMs)}` };
  }
  if (evidence.lastProof === null) return { state: 'unproven', reason: 'Never proven by a drill' };
  const proofAgeMs = Math.max(0, nowMs - evidence.lastProof.atMs);
  if (proofAgeMs > proofTargetMs) return { state: 'unproven', reason: `The last passed drill is ${formatAge(proofAgeMs)} old, target ${formatAge(proofTargetMs)}` };
  return { state: 'protected', reason: `Point ${formatAge(ageMs)} old, proven at level ${String(evidence.lastProof.level)} ${formatAge(proofAgeMs)} ago` };
}

function seen(evidence: MachineEvidence, nowMs: number): string {
  return evidence.lastSeenAtMs === null ? 'The machine was never seen' : `Machine last seen ${formatAge(Math.max(0, nowMs - evidence.lastSeenAtMs))} ago`;
}

/** An age in words a person reads at a glance: "3 d 4 h", "5 h", "12 min", "under a minute". */
export function formatAge(ageMs: number): string {
  const wholeDays = Math.floor(ageMs / days(1));
  const wholeHours = Math.floor((ageMs % days(1)) / hours(1));
  if (wholeDays > 0) return wholeHours > 0 ? `${String(wholeDays)} d ${String(wholeHours)} h` : `${String(wholeDays)} d`;
  if (wholeHours > 0) return `${String(wholeHours)} h`;
  const wholeMinutes = Math.floor(ageMs / 60_000);
  return wholeMinutes > 0 ? `${String(wholeMinutes)} min` : 'under a minute';
}
