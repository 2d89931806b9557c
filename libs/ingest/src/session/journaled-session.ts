import {
  assertInvariant, isLifeboatError, randomHex128, RestorePointId, type Clock, type Digest, type Extent, type MachineId, type ManifestDraft, type MapEntry, type Random, type RestorePointManifest, type SessionId,
} from '@lifeboat/model';
import type { BatchFrame, SessionOpen, VolumeEndFrame } from '@lifeboat/protocol';
import { FrameOutOfPlace, FrameSequenceGap, RefWithoutBase, SessionEnded, SessionIncomplete, SessionNeedsData, SessionParked } from '../errors.js';
import type { IngestStore } from '../ingest-store.js';
import type { BackupSession, SessionBase, SessionCounters, SessionState } from '../ingest.js';
import type { CommitIntent, JournalOpen } from '../journal/journal-format.js';
import type { SessionJournal } from '../journal/session-journal.js';
import { assembleManifest, type ReceivedVolume } from './assemble-manifest.js';
import { BaseMap, hasBase, type VolumeBase } from './base-map.js';
import { findCommitted } from './find-committed.js';
import { findNeeded } from './refill.js';
import { visitMap } from './visit-map.js';
import { breaches, LiveSession, refusals, type SessionContext } from './live-session.js';
import { SerialQueue } from './serial-queue.js';
import type { SessionSnapshot } from './session-snapshot.js';

/** What a session needs of the world. */
export type SessionPorts = Readonly<{
  store: IngestStore; clock: Clock; random: Random;
  /** Tidies up after a commit; its failure undoes nothing. */
  onCommitted: (session: BackupSession) => Promise<void>;
}>;

/** What is durable of a session: new, or found in its journal. */
export type SessionOrigin = Readonly<{
  sessionId: SessionId; open: JournalOpen; journal: SessionJournal; snapshot: SessionSnapshot; intent: CommitIntent | null;
  /** How it ended, when it had ended before. */
  end: SessionEnd | null;
  /** How long nothing had happened to it when it was found. */
  idleMs: number;
}>;

export type SessionEnd = Readonly<{ state: 'committed' | 'aborted'; code: string; message: string }>;

const noBase: VolumeBase = { point: null, prefix: null };

/** A backup session kept in a journal. Frames are serialised by one queue, group commits by another, so that frames arrive while a group is synced. */
export class JournaledSession implements BackupSession {
  readonly sessionId: SessionId;
  readonly machineId: MachineId;
  readonly request: SessionOpen;
  readonly bases: readonly SessionBase[];
  private readonly context: SessionContext;
  private readonly journal: SessionJournal;
  private readonly frames = new SerialQueue();
  private readonly groups = new SerialQueue();
  private live: LiveSession | undefined;
  private durable: SessionSnapshot;
  private intent: CommitIntent | null;
  private end: SessionEnd | null;
  private manifest: RestorePointManifest | undefined;
  private parked: boolean;
  private closed = false;
  private lastActivityMs: number;

  constructor(origin: SessionOrigin, private readonly ports: SessionPorts) {
    const { request, bases, machineId } = origin.open;
    this.sessionId = origin.sessionId;
    this.machineId = machineId;
    this.request = request;
    this.journal = origin.journal;
    this.durable = origin.snapshot;
    this.intent = origin.intent;
    this.end = origin.end;
    this.parked = origin.snapshot.seq > 0;
    this.lastActivityMs = ports.clock.monotonicMs() - origin.idleMs;
    const volumeBases = request.volumes.map((_, volume) => bases[volume] ?? noBase);
    this.bases = volumeBases.map((base, volume) => describeBase(base, request.volumes[volume]?.lengthBytes ?? 0));
    const baseMaps = request.volumes.map(({ lengthBytes }, number) => new BaseMap({ number, lengthBytes, base: volumeBases[number] ?? noBase }, ports.store.readPage));
    this.context = { store: ports.store, volumes: request.volumes, bases: volumeBases, baseMaps };
  }

  get durableSeq(): number {
    return this.durable.seq;
  }

  get counters(): SessionCounters {
    return this.snapshot.counters;
  }

  get state(): SessionState {
    if (this.end) return this.end.state;
    if (this.snapshot.volumes.every(({ ended }) => ended !== null)) return 'complete';
    return this.parked ? 'parked' : 'receiving';
  }

  /** Milliseconds since anything last happened to the session. */
  get idleMs(): number {
    return this.ports.clock.monotonicMs() - this.lastActivityMs;
  }

  accept(frame: BatchFrame | VolumeEndFrame): Promise<void> {
    return this.frames.run(async () => {
      this.assertOpen();
      const live = await this.goLive();
      const expectedSeq = live.snapshot.seq + 1;
      if (frame.seq < expectedSeq) return;
      if (frame.seq > expectedSeq) throw new FrameSequenceGap({ expectedSeq, actualSeq: frame.seq });
      try {
        await live.take(frame);
      } catch (error) {
        await this.handleFailure(live, error);
        throw error;
      }
      // When a group commit failed meanwhile, the frame is lost like any that is not durable; the next one is told so by its sequence.
      if (this.live === live) this.parked = false;
    });
  }

  async commitGroup(): Promise<Readonly<{ durableSeq: number }>> {
    await this.groups.run(() => this.flushPending());
    return { durableSeq: this.durableSeq };
  }

  commit(draft: ManifestDraft, identity: Readonly<{ computerName: RestorePointManifest['computerName'] }>): Promise<RestorePointManifest> {
    return this.frames.run(async () => {
      if (this.end?.state === 'committed') return this.readCommitted();
      this.assertOpen();
      await this.groups.run(() => this.flushPending());
      const received = { volumes: this.endedVolumes(), basePointId: this.request.basePointId, storedBytes: this.durable.counters.storedBytes };
      const intent = this.intent ?? { pointId: RestorePointId.parse(randomHex128(this.ports.random)), createdAtMs: this.ports.clock.nowMs() };
      const manifest = assembleManifest(draft, received, { ...intent, machineId: this.machineId, computerName: identity.computerName });
      if (!this.intent) await this.journal.appendIntent(intent, this.ports.clock.nowMs());
      // An intent that was there before may have become a point although its commit was never answered.
      const committedBefore = this.intent !== null && (await findCommitted(this.ports.store, new Set([intent.pointId]))).size > 0;
      this.intent = intent;
      if (!committedBefore) {
        await this.commitPoint(manifest);
        this.manifest = manifest;
      }
      this.end = { state: 'committed', code: 'SESSION_COMMITTED', message: 'the restore point exists' };
      this.live = undefined;
      // The point is committed whatever happens to the journal now; what is left of it, and of the sessions it resumed, goes when they expire.
      await Promise.allSettled([this.journal.removeFrames(), this.ports.onCommitted(this)]);
      return this.readCommitted();
    });
  }

  async *readBaseMap(volume: number, range: Extent): AsyncGenerator<MapEntry> {
    this.touch();
    const map = this.context.baseMaps[volume];
    const lengthBytes = this.request.volumes[volume]?.lengthBytes ?? 0;
    if (!map || range.lengthBytes < 1 || range.offsetBytes < 0 || range.offsetBytes + range.lengthBytes > lengthBytes) {
      throw new FrameOutOfPlace('there is no such range in this session', { volume, offsetBytes: range.offsetBytes, expectedBytes: lengthBytes });
    }
    if (!hasBase(this.context.bases[volume] ?? noBase)) throw new RefWithoutBase({ volume, offsetBytes: range.offsetBytes });
    yield* map.touching(range);
  }

  abort(code: string, message: string): Promise<void> {
    return this.frames.run(() => this.endWith(code, message));
  }

  /**
   * What is durable of each volume, as a base for the session that resumes this one; undefined where nothing is. Durable when it resolves.
   * @throws BaseDamaged (BASE_DAMAGED), SessionJournalDamaged (SESSION_JOURNAL_DAMAGED), and whatever the store throws.
   */
  durablePrefixes(): Promise<readonly (VolumeBase['prefix'] | undefined)[]> {
    return this.groups.run(async () => {
      await this.flushPending();
      const copy = await this.rebuild();
      const prefixes: (VolumeBase['prefix'] | undefined)[] = [];
      for (const volume of this.request.volumes.keys()) prefixes.push(await copy.finishPrefix(volume));
      await this.ports.store.flush();
      return prefixes;
    });
  }

  /** See Ingest.visitRoots. An ended session counts on nothing. */
  visitRoots(visit: (digest: Digest) => void): Promise<void> {
    return this.groups.run(async () => {
      if (this.end) return;
      for (const page of this.live?.halfDonePages ?? []) visit(page);
      const maps = this.request.volumes.flatMap(({ lengthBytes }, volume) => {
        const { point, prefix } = this.context.bases[volume] ?? noBase;
        return [this.snapshot.volumes[volume]?.ended, point, prefix].flatMap((map) => (map ? [{ root: map.mapRoot, lengthBytes }] : []));
      });
      for (const map of maps) await visitMap({ ...map, getPage: this.ports.store.readPage }, visit);
      await this.journal.replay(({ frame }) => {
        if (frame.type === 'batch') for (const entry of frame.entries) if (entry.kind === 'data') visit(entry.digest);
        return Promise.resolve();
      });
      for (const digest of this.live?.pendingChunks() ?? []) visit(digest);
    });
  }

  /** Removes what is left of an ended session's journal; ends the session first when it has not. */
  expire(): Promise<void> {
    return this.frames.run(async () => {
      await this.endWith('SESSION_EXPIRED', 'nothing was heard of the backup for too long');
      await this.groups.run(() => this.journal.remove());
    });
  }

  /** Makes durable what was taken and releases the journal; the session takes nothing more in this process. */
  close(): Promise<void> {
    return this.frames.run(async () => {
      this.closed = true;
      try {
        await this.groups.run(() => this.flushPending());
      } finally {
        await this.groups.run(() => this.journal.close());
      }
    });
  }

  /** What the store lost of this session since it was taken is asked for again; the session stays complete meanwhile. */
  private async commitPoint(manifest: RestorePointManifest): Promise<void> {
    try {
      await this.ports.store.commitPoint(manifest);
    } catch (error) {
      if (!isLifeboatError(error) || error.code !== 'POINT_CLOSURE_BROKEN') throw error;
      const volumes = this.endedVolumes().map(({ mapRoot, lengthBytes }, number) => ({ number, mapRoot, lengthBytes }));
      const needed = await findNeeded(volumes, this.ports.store).catch(() => []);
      if (needed.length === 0) throw error;
      throw new SessionNeedsData(needed, error);
    }
  }

  private get snapshot(): SessionSnapshot {
    return this.live?.snapshot ?? this.durable;
  }

  private touch(): void {
    this.lastActivityMs = this.ports.clock.monotonicMs();
  }

  private assertOpen(): void {
    if (this.end) throw new SessionEnded({ sessionId: this.sessionId, reason: this.end.code });
    if (this.closed) throw new SessionParked({ sessionId: this.sessionId, durableSeq: this.durableSeq });
    this.touch();
  }

  /** The live part, rebuilt when it was lost. Waits for a running group commit, which may still move the durable mark. */
  private async goLive(): Promise<LiveSession> {
    return this.live ?? this.groups.run(async () => (this.live = await this.rebuild()));
  }

  private async rebuild(): Promise<LiveSession> {
    const live = new LiveSession(this.context, this.durable);
    const halfDone = this.durable.volumes.some(({ coveredBytes, ended }) => coveredBytes > 0 && ended === null);
    if (halfDone) await this.journal.replay(async ({ frame }) => (frame.type === 'batch' ? live.replay(frame) : undefined));
    return live;
  }

  private async flushPending(): Promise<void> {
    const { live } = this;
    const group = live?.takePending();
    if (!live || !group || group.frames.length === 0) return;
    try {
      await this.ports.store.flush();
      await this.journal.appendFrames(group.frames, this.ports.clock.nowMs());
      this.durable = group.snapshot;
      this.touch();
    } catch (error) {
      this.park(live);
      throw error;
    }
  }

  private async handleFailure(live: LiveSession, error: unknown): Promise<void> {
    const code = isLifeboatError(error) ? error.code : '';
    if (breaches.has(code)) await this.endWith(code, error instanceof Error ? error.message : code);
    else if (!refusals.has(code)) this.park(live);
  }

  private park(live: LiveSession): void {
    if (this.live !== live) return;
    this.live = undefined;
    this.parked = true;
  }

  private async endWith(code: string, message: string): Promise<void> {
    if (this.end) return;
    this.end = { state: 'aborted', code, message };
    this.live = undefined;
    await this.groups.run(() => this.journal.remove());
  }

  private endedVolumes(): ReceivedVolume[] {
    return this.request.volumes.map(({ volumeId, lengthBytes }, volume) => {
      const ended = this.durable.volumes[volume]?.ended;
      if (!ended) throw new SessionIncomplete({ volume });
      return { volumeId, lengthBytes, ...ended };
    });
  }

  private async readCommitted(): Promise<RestorePointManifest> {
    if (this.manifest) return this.manifest;
    assertInvariant(this.intent !== null, 'a committed session knows its point');
    return this.ports.store.readManifest(this.machineId, this.intent.pointId);
  }
}

function describeBase(base: VolumeBase, lengthBytes: number): SessionBase {
  const pointId = base.point?.pointId ?? null;
  if (base.prefix) return { kind: 'resumed', pointId, mapRoot: base.prefix.lengthBytes === lengthBytes ? base.prefix.mapRoot : null, resumedBytes: base.prefix.lengthBytes };
  if (base.point) return { kind: 'point', pointId, mapRoot: base.point.mapRoot, resumedBytes: 0 };
  return { kind: 'none', pointId: null, mapRoot: null, resumedBytes: 0 };
}
