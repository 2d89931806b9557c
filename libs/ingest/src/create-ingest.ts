import { isLifeboatError, randomHex128, SessionId, type Clock, type Digest, type MachineId, type Random, type RestorePointManifest } from '@lifeboat/model';
import type { SessionOpen } from '@lifeboat/protocol';
import { isDeepStrictEqual } from 'node:util';
import { BaseForeign, RequestReused, SessionUnknown, VolumesInvalid } from './errors.js';
import type { IngestStore } from './ingest-store.js';
import type { BackupSession, Ingest, OpenSessionRequest } from './ingest.js';
import { listSegments, removeSegments } from './journal/journal-files.js';
import { recoverJournal, type RecoveredSession } from './journal/recover-journal.js';
import { SessionJournal } from './journal/session-journal.js';
import type { VolumeBase } from './session/base-map.js';
import { findCommitted } from './session/find-committed.js';
import { JournaledSession, type SessionEnd, type SessionOrigin } from './session/journaled-session.js';
import { SerialQueue } from './session/serial-queue.js';
import { emptySnapshot } from './session/session-snapshot.js';

export type IngestOptions = Readonly<{
  store: IngestStore; clock: Clock; random: Random;
  /** A session that sees nothing for so long is removed. */
  parkedMaxMs: number;
}>;

/** Sessions a machine may have at a time; an agent that never finishes one must not fill the directory. */
export const sessionsPerMachineMax = 16;

/** Reads the journals of the sessions that the last run of the server left, and takes backups. Deletes nothing at start. */
export async function createIngest(options: IngestOptions): Promise<Ingest> {
  const { store, clock } = options;
  const recovered: RecoveredSession[] = [];
  const stillborn: StillbornJournal[] = [];
  for (const [sessionId, segments] of await listSegments(store.sessionsFs)) {
    const session = await recoverJournal(store.sessionsFs, sessionId, segments);
    if (session) recovered.push(session);
    else stillborn.push({ sessionId, segments });
  }
  const committed = await findCommitted(store, new Set(recovered.flatMap(({ intent }) => (intent ? [intent.pointId] : []))));
  const origins = recovered.map((session) => {
    const end = endOf(session, session.intent !== null && committed.has(session.intent.pointId));
    // The frames of a committed session may be gone from its journal; what was acknowledged stays acknowledged.
    const seq = end?.state === 'committed' ? Math.max(session.snapshot.seq, session.baseSeq) : session.snapshot.seq;
    return { ...session, snapshot: { ...session.snapshot, seq }, idleMs: Math.max(0, clock.nowMs() - session.lastAtMs), end };
  });
  return new JournaledIngest(options, origins, stillborn);
}

/** What a crash left of a session that was never acknowledged: files, but no readable beginning. */
type StillbornJournal = Readonly<{ sessionId: SessionId; segments: readonly number[] }>;

function endOf({ damage }: RecoveredSession, committed: boolean): SessionEnd | null {
  if (committed) return { state: 'committed', code: 'SESSION_COMMITTED', message: 'the restore point exists' };
  return damage && { state: 'aborted', code: damage.code, message: damage.message };
}

class JournaledIngest implements Ingest {
  private readonly sessions = new Map<SessionId, JournaledSession>();
  private readonly openings = new Map<MachineId, SerialQueue>();
  private readonly startedMs: number;

  constructor(
    private readonly options: IngestOptions,
    origins: readonly SessionOrigin[],
    private stillborn: readonly StillbornJournal[],
  ) {
    this.startedMs = options.clock.monotonicMs();
    for (const origin of origins) this.add(origin);
  }

  async open(request: OpenSessionRequest): Promise<BackupSession> {
    const queue = this.openings.get(request.machineId) ?? new SerialQueue();
    this.openings.set(request.machineId, queue);
    return queue.run(async () => {
      await this.expireParked();
      const known = this.sessionsOf(request.machineId).find((session) => session.request.requestId === request.open.requestId);
      if (!known) return this.begin(request);
      if (!isDeepStrictEqual(known.request, request.open)) throw new RequestReused();
      return known;
    });
  }

  find(machineId: MachineId, sessionId: SessionId): BackupSession | undefined {
    return this.findOwn(machineId, sessionId);
  }

  list(): readonly BackupSession[] {
    return [...this.sessions.values()];
  }

  async visitRoots(visit: (digest: Digest) => void): Promise<void> {
    for (const session of [...this.sessions.values()]) await session.visitRoots(visit);
  }

  async expireParked(): Promise<readonly SessionId[]> {
    const expired = [...this.sessions.values()].filter(({ idleMs }) => idleMs > this.options.parkedMaxMs);
    for (const session of expired) await this.remove(session);
    await this.removeStillborn();
    return expired.map(({ sessionId }) => sessionId);
  }

  async close(): Promise<void> {
    const results = await Promise.allSettled([...this.sessions.values()].map((session) => session.close()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  private async begin({ machineId, open, findBase }: OpenSessionRequest): Promise<BackupSession> {
    assertDistinct(open.volumes);
    const { store, clock, random } = this.options;
    const { basePointId } = open;
    const point = basePointId === null ? undefined : await findUsable(() => findBase(basePointId));
    if (point && point.machineId !== machineId) throw new BaseForeign();
    const prefixes = open.resumeSessionId === null ? new Map<string, VolumeBase['prefix']>() : await this.prefixesOf(machineId, open.resumeSessionId);
    const bases = open.volumes.map((volume) => ({ point: point ? basePoint(point, volume) : null, prefix: prefixes.get(volumeKey(volume)) ?? null }));
    const sessionId = SessionId.parse(randomHex128(random));
    const journaled = { machineId, openedAtMs: clock.nowMs(), request: open, bases };
    const journal = await SessionJournal.create(store.sessionsFs, { sessionId, open: journaled });
    const session = this.add({ sessionId, open: journaled, journal, snapshot: emptySnapshot(open.volumes), intent: null, end: null, idleMs: 0 });
    await this.dropOldest(machineId);
    return session;
  }

  private add(origin: SessionOrigin): JournaledSession {
    const { store, clock, random } = this.options;
    const session = new JournaledSession(origin, { store, clock, random, onCommitted: (done) => this.removeResumed(done) });
    this.sessions.set(session.sessionId, session);
    return session;
  }

  /** What a committed session has taken over from earlier ones is in its point now. */
  private async removeResumed(session: BackupSession): Promise<void> {
    let resumedId = session.request.resumeSessionId;
    while (resumedId !== null) {
      const resumed = this.findOwn(session.machineId, resumedId);
      if (!resumed) return;
      resumedId = resumed.request.resumeSessionId;
      await this.remove(resumed);
    }
  }

  private async prefixesOf(machineId: MachineId, sessionId: SessionId): Promise<ReadonlyMap<string, VolumeBase['prefix']>> {
    const resumed = this.findOwn(machineId, sessionId);
    if (!resumed || resumed.state === 'committed' || resumed.state === 'aborted') throw new SessionUnknown({ sessionId });
    const found = new Map<string, VolumeBase['prefix']>();
    try {
      const prefixes = await resumed.durablePrefixes();
      resumed.request.volumes.forEach((volume, index) => found.set(volumeKey(volume), prefixes[index] ?? null));
    } catch (error) {
      // What cannot be read cannot be resumed; the agent sends it again.
      if (!isLifeboatError(error) || !['BASE_DAMAGED', 'SESSION_JOURNAL_DAMAGED'].includes(error.code)) throw error;
    }
    return found;
  }

  private async dropOldest(machineId: MachineId): Promise<void> {
    const own = this.sessionsOf(machineId).sort((a, b) => b.idleMs - a.idleMs);
    for (const session of own.slice(0, Math.max(0, own.length - sessionsPerMachineMax))) await this.remove(session);
  }

  /** When a file of which nothing can be read was made is unknown; it has seen nothing since this start. */
  private async removeStillborn(): Promise<void> {
    const { store, clock, parkedMaxMs } = this.options;
    if (this.stillborn.length === 0 || clock.monotonicMs() - this.startedMs <= parkedMaxMs) return;
    const [...removed] = this.stillborn;
    for (const { sessionId, segments } of removed) await removeSegments(store.sessionsFs, sessionId, segments);
    this.stillborn = this.stillborn.filter((journal) => !removed.includes(journal));
  }

  private async remove(session: JournaledSession): Promise<void> {
    await session.expire();
    this.sessions.delete(session.sessionId);
  }

  private findOwn(machineId: MachineId, sessionId: SessionId): JournaledSession | undefined {
    const session = this.sessions.get(sessionId);
    return session?.machineId === machineId ? session : undefined;
  }

  private sessionsOf(machineId: MachineId): JournaledSession[] {
    return [...this.sessions.values()].filter((session) => session.machineId === machineId);
  }
}

const volumeKey = (volume: Readonly<{ volumeId: string; lengthBytes: number }>): string => `${volume.volumeId} ${String(volume.lengthBytes)}`;

function assertDistinct(volumes: SessionOpen['volumes']): void {
  const seen = new Set<string>();
  for (const { volumeId } of volumes) {
    if (seen.has(volumeId)) throw new VolumesInvalid({ volumeId });
    seen.add(volumeId);
  }
}

/** A base that is gone or damaged is no reason to refuse a backup: everything is sent then. */
async function findUsable(find: () => Promise<RestorePointManifest>): Promise<RestorePointManifest | undefined> {
  try {
    return await find();
  } catch (error) {
    if (isLifeboatError(error) && (error.code === 'POINT_MISSING' || error.code === 'POINT_DAMAGED')) return undefined;
    throw error;
  }
}

/** The same volume of the base point, when it is of the same length and was captured well. */
function basePoint(point: RestorePointManifest, volume: SessionOpen['volumes'][number]): VolumeBase['point'] {
  const same = point.disks.flatMap((disk) => disk.volumes).find(({ volumeId, lengthBytes, state }) => volumeId === volume.volumeId && lengthBytes === volume.lengthBytes && state === 'good');
  return same && point.state !== 'damaged' ? { pointId: point.pointId, mapRoot: same.mapRoot } : null;
}
