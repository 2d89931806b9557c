import type { DeletionRequestId, MachineId, MachineTag, RestorePointId, RetentionPolicy, RetentionScope, StoreSettings } from '@lifeboat/model';
import type { PointCondemned } from '../points/point-repository.js';

/** One decision about a scope; null went back to the scope above. */
export type RetentionPolicyRecord = Readonly<{ seq: number; scope: RetentionScope; policy: RetentionPolicy | null; actor: string; setAtMs: number }>;

/** A deletion above the caps. `waiting` for a second operator or for `executeAfterMs` · `approved` to be carried out · the others are final. */
export type DeletionRequestRecord = Readonly<{
  requestId: DeletionRequestId;
  points: readonly Readonly<{ machineId: MachineId; pointId: RestorePointId }>[];
  reason: string;
  actor: string;
  requestedAtMs: number;
  executeAfterMs: number;
  state: 'waiting' | 'approved' | 'withdrawn' | 'executed';
  decidedActor: string | null;
  decidedAtMs: number | null;
}>;

/** What became of a point that was deleted. Both dates null: it can still be brought back. */
export type PointDeletionRecord = Readonly<{
  seq: number; machineId: MachineId; pointId: RestorePointId; by: PointCondemned['by']; reason: string; actor: string; planHash: string | null;
  condemnedAtMs: number; undeletedAtMs: number | null; purgedAtMs: number | null;
}>;

/** One round of retention; `freedBytes` is measured. */
export type RetentionRunRecord = Readonly<{ seq: number; planHash: string; round: number; prunedPoints: number; freedBytes: number; shortfallBytes: number; ranAtMs: number }>;

/** A machine that changed as a healthy one does not. While not cleared, nothing of it is pruned. */
export type AnomalyRecord = Readonly<{
  seq: number; machineId: MachineId; pointId: RestorePointId; lastCleanPointId: RestorePointId | null; kind: 'change-rate' | 'entropy'; detail: string; raisedAtMs: number; clearedAtMs: number | null;
}>;

/** The newest anchor of trusted time. */
export type TimeAnchorRecord = Readonly<{ wallMs: number; trustedMs: number; bootId: string; monotonicMs: number | null; beliefLeftMs: number | null }>;

/** What was decided about keeping and deleting, and what became of it. */
export interface RetentionRepository {
  /** The policies in force, one per scope that has one. */
  policies(): Promise<readonly RetentionPolicyRecord[]>;
  /** Every decision, newest first; at most 1000. */
  policyHistory(limit: number): Promise<readonly RetentionPolicyRecord[]>;
  /** The tags of every machine that has any, each list sorted. */
  tags(): Promise<ReadonlyMap<MachineId, readonly MachineTag[]>>;
  /** Null: nobody decided yet. */
  settings(): Promise<StoreSettings | null>;
  timeAnchor(): Promise<TimeAnchorRecord | null>;
  /** Requests that wait or are approved, oldest first. */
  openRequests(): Promise<readonly DeletionRequestRecord[]>;
  /** All requests, newest first; at most 1000. */
  listRequests(limit: number): Promise<readonly DeletionRequestRecord[]>;
  findRequest(requestId: DeletionRequestId): Promise<DeletionRequestRecord | undefined>;
  /** Deletions decided since `sinceMs`, newest first; at most 10,000. */
  deletions(sinceMs: number): Promise<readonly PointDeletionRecord[]>;
  /** Newest first; at most 1000. */
  runs(limit: number): Promise<readonly RetentionRunRecord[]>;
  /** Anomalies that nobody has cleared, oldest first. */
  openAnomalies(): Promise<readonly AnomalyRecord[]>;
  /** All anomalies of a machine, newest first; at most 1000. */
  anomaliesOf(machineId: MachineId): Promise<readonly AnomalyRecord[]>;
}
