import { z } from 'zod';
import { BackupPolicy, JobId, MachineId, RestorePointManifest } from '@lifeboat/model';
import { Forecast, Pressure, StoreAdvice, Watermarks } from './retention.js';

/** Paths of the REST API; `:id` parts are filled by the client. All but `login`, `enrolments`, `challenges` and `health` need a login. */
export const restPaths = {
  login: '/api/v1/login', logout: '/api/v1/logout', session: '/api/v1/session', health: '/healthz', ready: '/readyz',
  enrolments: '/api/v1/enrolments', challenges: '/api/v1/challenges',
  enrolmentTokens: '/api/v1/enrolment-tokens', heldEnrolments: '/api/v1/held-enrolments', resolveEnrolment: '/api/v1/held-enrolments/:requestId/resolve',
  computers: '/api/v1/computers', computer: '/api/v1/computers/:computer', versions: '/api/v1/computers/:computer/versions', items: '/api/v1/computers/:computer/versions/:version',
  backups: '/api/v1/backups', jobs: '/api/v1/jobs', job: '/api/v1/jobs/:jobId', stopJob: '/api/v1/jobs/:jobId/stop',
  restores: '/api/v1/restores', policy: '/api/v1/policies/default', machinePolicy: '/api/v1/computers/:computer/policy', store: '/api/v1/store',
  storeUpkeep: '/api/v1/store/upkeep', storeGc: '/api/v1/store/gc', storeScrub: '/api/v1/store/scrub', storeDamage: '/api/v1/store/damage',
  storeUsage: '/api/v1/store/usage', storeHistory: '/api/v1/store/history', storeConfirm: '/api/v1/store/confirm',
  retention: '/api/v1/retention', retentionPlan: '/api/v1/retention/plan', retentionSimulation: '/api/v1/retention/simulation', retentionRun: '/api/v1/retention/run', retentionStop: '/api/v1/retention/stop',
  retentionPolicies: '/api/v1/retention/policies', retentionBlastRadius: '/api/v1/retention/policies/blast-radius', retentionSettings: '/api/v1/retention/settings',
  retentionSettingsBlastRadius: '/api/v1/retention/settings/blast-radius', deletions: '/api/v1/retention/deletions',
  deletionRequests: '/api/v1/deletion-requests', approveDeletion: '/api/v1/deletion-requests/:requestId/approve', withdrawDeletion: '/api/v1/deletion-requests/:requestId/withdraw',
  machineTags: '/api/v1/computers/:computer/tags', clearAnomaly: '/api/v1/computers/:computer/clear-anomaly',
  pinVersion: '/api/v1/computers/:computer/versions/:version/pin', unpinVersion: '/api/v1/computers/:computer/versions/:version/unpin',
  holdVersion: '/api/v1/computers/:computer/versions/:version/hold', releaseVersion: '/api/v1/computers/:computer/versions/:version/release',
  freezeVersion: '/api/v1/computers/:computer/versions/:version/freeze', deleteVersion: '/api/v1/computers/:computer/versions/:version/delete',
  undeleteVersion: '/api/v1/computers/:computer/versions/:version/undelete', operators: '/api/v1/operators',
} as const;

/** Logs a browser in: the answer sets an HttpOnly cookie. */
export const LoginRequest = z.strictObject({ token: z.string().min(1).max(256) });

/** `computer` in paths and bodies is a machine id, or a name when only one machine has it. */
export const BackupStart = z.strictObject({ computers: z.array(z.string().max(256)).min(1).max(10_000), full: z.boolean().default(false), allowInconsistent: z.boolean().default(false) });
export const BackupStarted = z.strictObject({ v: z.literal(1), jobs: z.array(z.strictObject({ jobId: JobId, machineId: MachineId, computer: z.string() })) });

/** POST to `stopJob`: `now` gives the run up at once, else it ends after the block in hand. */
export const JobStopRequest = z.strictObject({ now: z.boolean().default(false) });

/** Opens a point for reading over the data plane; the ticket goes into the `Authorization` header of the WebSocket. */
export const RestoreRequest = z.strictObject({ computer: z.string().max(256), version: z.string().min(1).max(32) });
export const RestoreGranted = z.strictObject({ v: z.literal(1), ticket: z.string(), creditBytes: z.number().int(), manifest: RestorePointManifest });
export type RestoreGranted = z.infer<typeof RestoreGranted>;

/** PUT to `policy` or `machinePolicy`; null goes back to the policy above it. */
export const PolicySet = z.strictObject({ policy: BackupPolicy.nullable() });

export const StoreStatus = z.strictObject({
  v: z.literal(1), storeId: z.string(), path: z.string(), device: z.string(), sizeBytes: z.number(), freeBytes: z.number(), liveBytes: z.number(), reclaimableBytes: z.number().nullable(),
  logicalBytes: z.number(), dedupRatio: z.number().nullable(), compressionRatio: z.number().nullable(), watermarks: Watermarks.nullable(), pressure: Pressure, forecast: Forecast.nullable(), chunks: z.number().int(), packs: z.number().int(),
  mountPoint: z.string().optional(), quotaBytes: z.number().nullable().optional(), reservedBytes: z.number().optional(), exclusiveBytes: z.number().nullable().optional(), sharedBytes: z.number().nullable().optional(),
  parkedBackups: z.number().int().optional(), shortfallBytes: z.number().nullable().optional(), advice: z.array(StoreAdvice).optional(),
});
export type StoreStatus = z.infer<typeof StoreStatus>;
