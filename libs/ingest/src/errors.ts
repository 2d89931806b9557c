import { OperationalError, UserError, type Digest, type SessionId } from '@lifeboat/model';
import type { NeededChunk } from './ingest.js';

/** A frame came before its predecessor; the agent goes on at `details.expectedSeq`. */
export class FrameSequenceGap extends OperationalError {
  readonly code = 'FRAME_SEQUENCE_GAP';
  constructor(details: { expectedSeq: number; actualSeq: number }) {
    super('a data frame is missing before this one', { retry: 'now', details });
  }
}

/** A frame's entries do not continue their volume; `details.reason` says which rule broke. */
export class FrameOutOfPlace extends OperationalError {
  readonly code = 'FRAME_OUT_OF_PLACE';
  constructor(reason: string, details: { volume: number; offsetBytes?: number; expectedBytes?: number }) {
    super('a data frame does not continue its volume', { retry: 'never', details: { reason, ...details } });
  }
}

/** A chunk's bytes are not what its digest says: broken memory, a broken line, or an agent that lies. */
export class ChunkDigestMismatch extends OperationalError {
  readonly code = 'CHUNK_DIGEST_MISMATCH';
  constructor(details: { volume: number; offsetBytes: number; expected: Digest; actual: Digest }) {
    super('chunk bytes do not match their digest', { retry: 'never', details, remedy: "Start the backup again; when it happens twice, test the computer's memory." });
  }
}

/** Agent and server made different maps of the same volume. */
export class VolumeRootMismatch extends OperationalError {
  readonly code = 'VOLUME_ROOT_MISMATCH';
  constructor(details: { volume: number; expected: Digest; actual: Digest }) {
    super("the agent's map of a volume differs from the server's", { retry: 'never', details, remedy: 'Start the backup again.' });
  }
}

/** REF where the session has no base. */
export class RefWithoutBase extends OperationalError {
  readonly code = 'REF_WITHOUT_BASE';
  constructor(details: { volume: number; offsetBytes: number }) {
    super('a range is said to be unchanged, but there is nothing to compare with', { retry: 'never', details });
  }
}

/** A REF range begins or ends inside a chunk of the base. */
export class RefCutsChunk extends OperationalError {
  readonly code = 'REF_CUTS_CHUNK';
  constructor(details: { volume: number; offsetBytes: number; chunkOffsetBytes: number }) {
    super('an unchanged range begins or ends inside a chunk', { retry: 'never', details });
  }
}

/** The base's map or one of its chunks cannot be read; bytes must be sent instead. */
export class BaseDamaged extends OperationalError {
  readonly code = 'BASE_DAMAGED';
  constructor(details: { volume: number; offsetBytes: number }, cause?: unknown) {
    super('the restore point that this backup is compared with is damaged', {
      retry: 'never', details, cause, remedy: 'Start a full backup; run `lifeboat store fsck --data` to see what else is affected.',
    });
  }
}

/** The base point is another machine's: nobody may refer to bytes that are not theirs. */
export class BaseForeign extends UserError {
  readonly code = 'BASE_FOREIGN';
  constructor() {
    super('the restore point to compare with belongs to another machine');
  }
}

/** The server is shutting down; the agent goes on after `details.durableSeq` when it is back. */
export class SessionParked extends OperationalError {
  readonly code = 'SESSION_PARKED';
  constructor(details: { sessionId: SessionId; durableSeq: number }) {
    super('the backup session waits for the server to come back', { retry: 'later', details });
  }
}

/** The session is over; `details.reason` is the code it ended with. */
export class SessionEnded extends OperationalError {
  readonly code = 'SESSION_ENDED';
  constructor(details: { sessionId: SessionId; reason: string }) {
    super('the backup session has ended', { retry: 'never', details, remedy: 'Start the backup again.' });
  }
}

/** There is no such session of this machine: it expired, ended, or never was. */
export class SessionUnknown extends UserError {
  readonly code = 'SESSION_UNKNOWN';
  constructor(details: { sessionId: SessionId }) {
    super('there is no such backup session', { details, remedy: 'Start the backup again without resuming.' });
  }
}

/** A commit before every volume was sent completely. */
export class SessionIncomplete extends UserError {
  readonly code = 'SESSION_INCOMPLETE';
  constructor(details: { volume: number }) {
    super('the backup session cannot be committed: a volume has not ended', { details });
  }
}

/** The store lost bytes that this session counts on, since they were taken; the agent sends these chunks once more and commits again. */
export class SessionNeedsData extends OperationalError {
  readonly code = 'SESSION_NEEDS_DATA';
  constructor(readonly needed: readonly NeededChunk[], cause: unknown) {
    super('the server needs some blocks of this backup again before it can commit it', { retry: 'now', details: { chunks: needed.length }, cause });
  }
}

/** The manifest's volumes or map roots are not those of the session; `details.reason` says where. */
export class ManifestMismatch extends UserError {
  readonly code = 'MANIFEST_MISMATCH';
  constructor(reason: string, details: { volumeId: string }) {
    super('the manifest does not describe what was sent', { details: { reason, ...details } });
  }
}

/** A session lists one volume twice. */
export class VolumesInvalid extends UserError {
  readonly code = 'SESSION_VOLUMES_INVALID';
  constructor(details: { volumeId: string }) {
    super('a session lists a volume twice', { details });
  }
}

/** A request id was used before for another request. */
export class RequestReused extends UserError {
  readonly code = 'SESSION_REQUEST_REUSED';
  constructor() {
    super('this request id belongs to another backup session');
  }
}

/** A session's journal lost frames that had been acknowledged, so the session cannot go on. */
export class SessionJournalDamaged extends OperationalError {
  readonly code = 'SESSION_JOURNAL_DAMAGED';
  constructor(details: { file: string; reason: string }) {
    super("a backup session's journal is damaged", { retry: 'never', details, remedy: 'Start the backup again; committed restore points are not affected.' });
  }
}
