export { createIngest, sessionsPerMachineMax, type IngestOptions } from './create-ingest.js';
export { type Ingest, type BackupSession, type SessionState, type SessionBase, type SessionCounters, type NeededChunk, type OpenSessionRequest } from './ingest.js';
export { type IngestStore } from './ingest-store.js';
export {
  FrameSequenceGap, FrameOutOfPlace, ChunkDigestMismatch, VolumeRootMismatch, RefWithoutBase, RefCutsChunk, BaseDamaged, BaseForeign, SessionParked, SessionEnded, SessionUnknown,
  SessionIncomplete, SessionNeedsData, ManifestMismatch, VolumesInvalid, RequestReused, SessionJournalDamaged,
} from './errors.js';
