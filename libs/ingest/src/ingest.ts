import type { Digest, Extent, ManifestDraft, MachineId, MapEntry, RestorePointId, RestorePointManifest, SessionId } from '@lifeboat/model';
import type { BatchFrame, SessionOpen, SessionOpened, VolumeEndFrame } from '@lifeboat/protocol';

/**
 * `receiving` frames are taken · `parked` waiting for the agent or for room; goes on where it was durable · `complete` every volume has
 * ended · `committed` the point exists · `aborted` takes nothing more.
 */
export type SessionState = 'receiving' | 'parked' | 'complete' | 'committed' | 'aborted';

/** What REF may point to, per stream, as the agent is told. */
export type SessionBase = SessionOpened['bases'][number];

/**
 * What a session has taken so far. `receivedBytes` payload as sent · `plainBytes` the same expanded · `storedBytes` new in the store, pages
 * included · `refBytes` covered by REF · `entries` of all frames.
 */
export type SessionCounters = Readonly<{ receivedBytes: number; plainBytes: number; storedBytes: number; refBytes: number; entries: number }>;

/** A chunk of a volume that has ended, of which the store lost the bytes meanwhile. `volume` counts as in the session. */
export type NeededChunk = Readonly<{ volume: number } & Extent>;

/** A backup as the server sees it, from open to restore point. Frames of one session are taken one after another, whoever calls. */
export interface BackupSession {
  readonly sessionId: SessionId;
  readonly machineId: MachineId;
  readonly request: SessionOpen;
  /** One per volume of the request, in its order. */
  readonly bases: readonly SessionBase[];
  /** Every frame up to here survives a crash of the server; the only place from which an agent goes on. */
  readonly durableSeq: number;
  readonly counters: SessionCounters;
  readonly state: SessionState;

  /**
   * Takes the next frame: checks its place, expands and verifies its chunks, stores them and adds the entries to the volume's map.
   * A frame already taken is dropped silently. Not durable before {@link commitGroup}.
   *
   * @throws FrameSequenceGap (FRAME_SEQUENCE_GAP), FrameOutOfPlace (FRAME_OUT_OF_PLACE), RefWithoutBase (REF_WITHOUT_BASE),
   *   RefCutsChunk (REF_CUTS_CHUNK): the frame is refused, the session stays as it was.
   * @throws BaseDamaged (BASE_DAMAGED) and whatever the store throws, e.g. STORE_FULL: the session parks at `durableSeq`.
   * @throws ChunkDigestMismatch (CHUNK_DIGEST_MISMATCH), VolumeRootMismatch (VOLUME_ROOT_MISMATCH), StoredBytesInvalid
   *   (STORED_BYTES_INVALID): the agent cannot be trusted, the session is aborted.
   * @throws SessionEnded (SESSION_ENDED) the session is committed or aborted.
   */
  accept(frame: BatchFrame | VolumeEndFrame): Promise<void>;

  /**
   * Makes everything taken so far durable, then moves {@link durableSeq}. Callers may overlap; frames may arrive meanwhile.
   * @throws whatever the store throws; the session parks at the old `durableSeq`.
   */
  commitGroup(): Promise<Readonly<{ durableSeq: number }>>;

  /**
   * Turns the finished session into a restore point. Idempotent, also after a restart of the server: the same manifest comes back.
   * Fills in identity, time, each volume's counts and the bytes stored; everything else is the draft's.
   *
   * @throws SessionIncomplete (SESSION_INCOMPLETE) a volume has not ended; ManifestMismatch (MANIFEST_MISMATCH) the draft's volumes or map
   *   roots are not the session's; and whatever the store throws.
   * @throws SessionNeedsData (SESSION_NEEDS_DATA) the store lost chunks of this session since they were taken or referred to: `needed` lists them. The session stays
   *   complete; it takes batches with just these chunks, then commits.
   */
  commit(draft: ManifestDraft, identity: Readonly<{ computerName: RestorePointManifest['computerName'] }>): Promise<RestorePointManifest>;

  /**
   * The map a REF refers to: the resumed prefix, then the base point. Gives the entries that touch `range`, runs cut to it, chunks whole. Bytes
   * for which there is no base, or of whose chunk the prefix' end leaves only a part, come as `unallocated`.
   * @throws RefWithoutBase (REF_WITHOUT_BASE) the volume has no base; FrameOutOfPlace (FRAME_OUT_OF_PLACE) no such volume or range;
   *   BaseDamaged (BASE_DAMAGED).
   */
  readBaseMap(volume: number, range: Extent): AsyncGenerator<MapEntry>;

  /** Ends the session and removes its journal; what it stored stays for deduplication until garbage collection. Does nothing when it has ended already. */
  abort(code: string, message: string): Promise<void>;
}

export type OpenSessionRequest = Readonly<{
  machineId: MachineId;
  open: SessionOpen;
  /** Finds a point that may be a base, i.e. is not known as damaged. POINT_MISSING and POINT_DAMAGED refuse nothing: the session then has no base. */
  findBase: (pointId: RestorePointId) => Promise<RestorePointManifest>;
}>;

/** All backup sessions of one store. */
export interface Ingest {
  /**
   * Opens a session; the same machine and `requestId` give the same session again. Durable when it resolves.
   * @throws VolumesInvalid (SESSION_VOLUMES_INVALID) a volume listed twice; RequestReused (SESSION_REQUEST_REUSED) the id belongs to another
   *   request; BaseForeign (BASE_FOREIGN) the base point belongs to another machine; SessionUnknown (SESSION_UNKNOWN) there is no such session
   *   to resume; and whatever the store throws.
   */
  open(request: OpenSessionRequest): Promise<BackupSession>;
  /** The machine's own session; another machine's session is unknown to it. */
  find(machineId: MachineId, sessionId: SessionId): BackupSession | undefined;
  list(): readonly BackupSession[];
  /**
   * Tells every page and chunk that an unfinished session counts on, so that garbage collection leaves them: what it has sent, its maps and its bases. Repeats are
   * possible. What is not told may still be sent or referred to later; the commit checks it again.
   */
  visitRoots(visit: (digest: Digest) => void): Promise<void>;
  /** Removes sessions that saw nothing for `parkedMaxMs`; also done by each open. Returns their ids. */
  expireParked(): Promise<readonly SessionId[]>;
  /** Makes all sessions durable and releases them; the store stays open. */
  close(): Promise<void>;
}
