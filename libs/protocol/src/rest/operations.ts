import { z } from 'zod';
import { BackupPolicy, JobId, MachineId, RestorePointManifest } from '@lifeboat/model';

/** Paths of the REST API; `:id` parts are filled by the client. All but `login`, `enrolments`, `challenges` and `health` need a login. */
export const restPaths = {
  login: '/api/v1/login', logout: '/api/v1/logout', session: '/api/v1/session', health: '/healthz', ready: '/readyz',
  enrolments: '/api/v1/enrolments', challenges: '/api/v1/challenges',
  enrolmentTokens: '/api/v1/enrolment-tokens', heldEnrolments: '/api/v1/held-enrolments', resolveEnrolment: '/api/v1/held-enrolments/:requestId/resolve',
  computers: '/api/v1/computers', computer: '/api/v1/computers/:computer', versions: '/api/v1/computers/:computer/versions', items: '/api/v1/computers/:computer/versions/:version',
  backups: '/api/v1/backups', jobs: '/api/v1/jobs', job: '/api/v1/jobs/:jobId', stopJob: '/api/v1/jobs/:jobId/stop',
  restores: '/api/v1/restores', policy: '/api/v1/policies/default', machinePolicy: '/api/v1/computers/:computer/policy', store: '/api/v1/store',
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
  logicalBytes: z.number(), dedupRatio: z.number().nullable(), compressionRatio: z.number().nullable(), watermarks: z.null(), pressure: z.enum(['green', 'red']), forecast: z.null(), chunks: z.number().int(), packs: z.number().int(),
});
export type StoreStatus = z.infer<typeof StoreStatus>;
