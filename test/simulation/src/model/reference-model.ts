import { isDeepStrictEqual } from 'node:util';
import type { Digest, LedgerRecord, MachineId, RestorePointId, SessionId } from '@lifeboat/model';
import { ensure } from '../world/simulation-failed.js';
import type { SimVolume } from './sim-volume.js';

/** A backup an agent has asked to commit; `attempt` is its number in the world and stands in the manifest. */
export type Attempt = Readonly<{ attempt: number; machineId: MachineId; volumes: readonly SimVolume[] }>;

/** A point as it must come back. `promised`: its commit was answered, or it has been seen in the ledger. */
export type ModelPoint = Attempt & Readonly<{ pointId: RestorePointId }>;

/** What was acknowledged of a session: the last frame and the chunks of all frames up to it. `mayEnd`: the world did something that entitles the server to give it up. */
export type ModelSession = { readonly machineId: MachineId; ackedSeq: number; mayEnd: boolean; readonly chunksBySeq: Map<number, readonly Digest[]> };

/** What must be true, in plain maps: machine → point → volume → bytes, and everything the server has ever promised. */
export class ReferenceModel {
  readonly attempts = new Map<number, Attempt>();
  readonly points = new Map<RestorePointId, ModelPoint>();
  readonly sessions = new Map<SessionId, ModelSession>();
  /** Ledger records that were answered or read, by sequence number. */
  readonly records = new Map<number, LedgerRecord>();
  /** Points whose purge was asked for; they may be gone, and are when {@link purged} has them. */
  readonly purging = new Set<RestorePointId>();
  readonly purged = new Set<RestorePointId>();
  private readonly pointOfAttempt = new Map<number, RestorePointId>();

  /** An independent copy: what one outcome teaches is not known to another. */
  copy(): ReferenceModel {
    const copy = new ReferenceModel();
    for (const attempt of this.attempts.values()) copy.attempt(attempt);
    for (const { attempt, machineId, pointId } of this.points.values()) copy.committed(attempt, machineId, pointId);
    for (const [sessionId, session] of this.sessions) copy.sessions.set(sessionId, { ...session, chunksBySeq: new Map(session.chunksBySeq) });
    for (const record of this.records.values()) copy.recorded(record);
    for (const pointId of this.purging) copy.purging.add(pointId);
    for (const pointId of this.purged) copy.purged.add(pointId);
    return copy;
  }

  /** Everything promised, as text: equal promises give equal text. */
  get fingerprint(): string {
    const sessions = [...this.sessions].map(([sessionId, { ackedSeq }]) => `${sessionId}:${String(ackedSeq)}`);
    return [[...this.points.keys()].sort(), [...this.records.keys()].sort(), sessions.sort(), [...this.attempts.keys()].sort(), [...this.purging].sort(), [...this.purged].sort()].join(';');
  }

  /** A commit is about to be asked for. */
  attempt(attempt: Attempt): void {
    this.attempts.set(attempt.attempt, attempt);
  }

  /** A commit was answered, or its record has been read. One attempt makes one point, however often it is asked for. */
  committed(attempt: number, machineId: MachineId, pointId: RestorePointId): ModelPoint {
    const asked = this.attempts.get(attempt);
    ensure(asked !== undefined, () => `point ${pointId} belongs to a backup nobody asked to commit`);
    ensure(asked.machineId === machineId, () => `point ${pointId} of another machine`);
    const before = this.pointOfAttempt.get(attempt);
    ensure(before === undefined || before === pointId, () => `attempt ${String(attempt)} became two points: ${String(before)} and ${pointId}`);
    this.pointOfAttempt.set(attempt, pointId);
    const point = this.points.get(pointId) ?? { ...asked, pointId };
    this.points.set(pointId, point);
    return point;
  }

  /** A session's frame is about to be sent for the first time. */
  sending(session: Readonly<{ sessionId: SessionId; machineId: MachineId }>, seq: number, chunks: readonly Digest[]): void {
    this.sessionOf(session).chunksBySeq.set(seq, chunks);
  }

  /** The server has promised that every frame up to `durableSeq` is durable. */
  acked(session: Readonly<{ sessionId: SessionId; machineId: MachineId }>, durableSeq: number): void {
    const known = this.sessionOf(session);
    known.ackedSeq = Math.max(known.ackedSeq, durableSeq);
  }

  /** The server may give this session up, or all of them: its bytes were damaged on the way, it was taken over by another, or the clock says that it is old. */
  mayEnd(sessionId?: SessionId): void {
    for (const [id, session] of this.sessions) if (sessionId === undefined || id === sessionId) session.mayEnd = true;
  }

  /** The session is over; of what it sent only its point, if any, is promised any longer. */
  ended(sessionId: SessionId): void {
    this.sessions.delete(sessionId);
  }

  /** A record was answered or read; from now on it must be there, the same. */
  recorded(record: LedgerRecord): void {
    const before = this.records.get(record.seq);
    ensure(before === undefined || isDeepStrictEqual(before, record), () => `ledger record ${String(record.seq)} changed`);
    this.records.set(record.seq, record);
  }

  /** Points that must come back. */
  alive(): ModelPoint[] {
    return [...this.points.values()].filter(({ pointId }) => !this.purged.has(pointId));
  }

  private sessionOf({ sessionId, machineId }: Readonly<{ sessionId: SessionId; machineId: MachineId }>): ModelSession {
    const known = this.sessions.get(sessionId) ?? { machineId, ackedSeq: 0, mayEnd: false, chunksBySeq: new Map<number, readonly Digest[]>() };
    this.sessions.set(sessionId, known);
    return known;
  }
}
