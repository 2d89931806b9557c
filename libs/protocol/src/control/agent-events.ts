import { z } from 'zod';
import { BackupProgress, BackupPolicy, ByteCounters, Consistency, Digest, JobId, MachineId, ManifestDraft, PointState, RestorePointId, RestorePointManifest, SessionId } from '@lifeboat/model';
import { ProtocolRange } from '../version.js';

const byteCount = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** socket.io namespace and data-plane path of agents. */
export const agentNamespace = '/agents';
export const dataPlanePath = '/data';

/** Handshake `auth` of the agent's control connection: the answer to a challenge got over REST (see `ChallengeRequest`). */
export const AgentHandshake = z.strictObject({
  machineId: MachineId,
  nonce: z.string().max(128),
  /** base64 Ed25519 signature over `challengeText(…)`. */
  signature: z.string().max(128),
  protocol: ProtocolRange,
  agentVersion: z.string().max(64),
});
export type AgentHandshake = z.infer<typeof AgentHandshake>;

/** The text that agent and server sign; binds nonce, both parties and the purpose. */
export const challengeText = (parts: Readonly<{ by: 'agent' | 'server'; machineId: string; clientNonce: string; nonce: string }>): string =>
  `lifeboat-handshake-v1\n${parts.by}\n${parts.machineId}\n${parts.clientNonce}\n${parts.nonce}`;

/** A volume the session is going to send. Streams are numbered by their place in the list. */
export const SessionVolume = z.strictObject({ volumeId: z.string().max(192), lengthBytes: byteCount.positive() });

export const SessionOpen = z.strictObject({
  /** Idempotency key: the same id opens the same session again. */
  requestId: z.string().regex(/^[0-9a-f]{32}$/),
  jobId: JobId.nullable(),
  volumes: z.array(SessionVolume).min(1).max(1024),
  /** The agent's own last committed point, or null to compare with nothing. */
  basePointId: RestorePointId.nullable(),
  /** A parked session of the same machine whose durable prefix comes before the base. */
  resumeSessionId: SessionId.nullable(),
});
export type SessionOpen = z.infer<typeof SessionOpen>;

/** A range of one of the session's volumes. */
export const VolumeRange = z.strictObject({ volume: z.number().int().min(0).max(1023), offsetBytes: byteCount, lengthBytes: byteCount.positive() });
export type VolumeRange = z.infer<typeof VolumeRange>;

export const SessionOpened = z.strictObject({
  sessionId: SessionId,
  jobId: JobId,
  ticket: z.string().max(128),
  creditBytes: byteCount,
  durableSeq: z.number().int().nonnegative(),
  /** Per stream what REF may point to. `none`: send everything. `rootDigest` is null when a resumed prefix makes the base a mixture: read the map from the server. */
  bases: z.array(z.strictObject({ kind: z.enum(['none', 'point', 'resumed']), pointId: RestorePointId.nullable(), mapRoot: Digest.nullable(), resumedBytes: byteCount })),
  /** Ranges whose bytes the server lost in earlier points of this machine: they are sent even where nothing changed, and heal those points when they are still the same. */
  wants: z.array(VolumeRange).max(10_000).optional(),
});
export type SessionOpened = z.infer<typeof SessionOpened>;

export const SessionAttach = z.strictObject({ sessionId: SessionId });
export const SessionAttached = z.strictObject({ ticket: z.string().max(128), durableSeq: z.number().int().nonnegative(), creditBytes: byteCount });

export const SessionCommit = z.strictObject({ sessionId: SessionId, draft: ManifestDraft });
export type SessionCommit = z.infer<typeof SessionCommit>;
export const SessionCommitted = z.strictObject({ pointId: RestorePointId, manifest: RestorePointManifest });
export type SessionCommitted = z.infer<typeof SessionCommitted>;
/** The server lost these chunks of the session since they were sent: send each once more as a batch of its volume, exactly as before, then commit again. */
export const SessionNeeds = z.strictObject({ needs: z.array(VolumeRange).min(1).max(4096) });
export type SessionNeeds = z.infer<typeof SessionNeeds>;
export const SessionCommitResult = z.union([SessionCommitted, SessionNeeds]);
export type SessionCommitResult = z.infer<typeof SessionCommitResult>;

export const SessionAbort = z.strictObject({ sessionId: SessionId, code: z.string().max(64), message: z.string().max(500) });
export const SessionProgress = z.strictObject({ sessionId: SessionId, progress: BackupProgress });
export type SessionProgress = z.infer<typeof SessionProgress>;

/** A point as lists show it. */
export const PointSummary = z.strictObject({
  id: RestorePointId, createdAt: z.string(), kind: z.enum(['full', 'incremental']), consistency: Consistency, state: PointState, bytes: ByteCounters,
});
export type PointSummary = z.infer<typeof PointSummary>;
export const PointsListed = z.strictObject({ points: z.array(PointSummary).max(100_000) });

/** Opens one of the machine's own points for reading; `version` is an id, a unique prefix, or `latest`. */
export const RestoreOpen = z.strictObject({ version: z.string().min(1).max(32) });
export const RestoreOpened = z.strictObject({ ticket: z.string().max(128), creditBytes: byteCount, manifest: RestorePointManifest });
export type RestoreOpened = z.infer<typeof RestoreOpened>;

/** Opens the session's own base maps for reading (map-only), when the agent lost its copy. Streams are numbered as in the session. */
export const BaseMapOpen = z.strictObject({ sessionId: SessionId });
export const BaseMapOpened = z.strictObject({ ticket: z.string().max(128), creditBytes: byteCount });

export const JobReport = z.strictObject({
  jobId: JobId, state: z.enum(['running', 'done', 'warned', 'failed', 'stopped', 'refused']), code: z.string().max(64).nullable(), message: z.string().max(500).nullable(), pointId: RestorePointId.nullable(),
});
export type JobReport = z.infer<typeof JobReport>;

export const Nothing = z.strictObject({});

/** Events an agent emits, each with its request and its acknowledged result. Server gateways parse the first with zod. */
export const agentEvents = {
  'session.open': { request: SessionOpen, result: SessionOpened },
  'session.attach': { request: SessionAttach, result: SessionAttached },
  'session.commit': { request: SessionCommit, result: SessionCommitResult },
  'session.abort': { request: SessionAbort, result: Nothing },
  'session.progress': { request: SessionProgress, result: Nothing },
  'points.list': { request: Nothing, result: PointsListed },
  'restore.open': { request: RestoreOpen, result: RestoreOpened },
  'base-map.open': { request: BaseMapOpen, result: BaseMapOpened },
  'job.report': { request: JobReport, result: Nothing },
  'policy.get': { request: Nothing, result: z.strictObject({ policy: BackupPolicy, computerName: z.string() }) },
} as const;
export type AgentEventName = keyof typeof agentEvents;

export const JobStart = z.strictObject({
  jobId: JobId, kind: z.literal('backup'), full: z.boolean(), allowInconsistent: z.boolean(), disks: z.array(z.string().max(128)).max(256),
});
export type JobStart = z.infer<typeof JobStart>;
export const JobStop = z.strictObject({ jobId: JobId, now: z.boolean() });
export type JobStop = z.infer<typeof JobStop>;
export const JobAccepted = z.strictObject({ accepted: z.boolean(), reason: z.string().max(500).nullable() });

/** Events a server emits to an agent; the agent acknowledges each with `Ack<result>`. */
export const serverEvents = {
  'job.start': { request: JobStart, result: JobAccepted },
  'job.stop': { request: JobStop, result: JobAccepted },
} as const;
export type ServerEventName = keyof typeof serverEvents;
