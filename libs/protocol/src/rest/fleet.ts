import { z } from 'zod';
import { BackupPolicy, BackupProgress, ByteCounters, JobId, MachineId, MachineState, RestorePointId, RestorePointManifest } from '@lifeboat/model';
import { PointSummary } from '../control/agent-events.js';

const isoTime = z.string();

/** One machine as the fleet list shows it. */
export const Computer = z.strictObject({
  machineId: MachineId, name: z.string(), state: MachineState, reason: z.string(), lastPointAt: isoTime.nullable(),
  lastProof: z.strictObject({ level: z.number().int(), at: isoTime }).nullable(), online: z.boolean(),
  lastSeenAt: isoTime.nullable(), enrolledAt: isoTime, agentVersion: z.string(), points: z.number().int(), platform: z.string(),
  /** Target of the policy in force; what the age of the newest point is measured against. */
  rpoTargetMs: z.number().int().positive().optional(),
});
export type Computer = z.infer<typeof Computer>;

export const Job = z.strictObject({
  jobId: JobId, machineId: MachineId, computerName: z.string(), kind: z.enum(['backup', 'restore']),
  trigger: z.enum(['admin', 'agent', 'schedule']), state: z.enum(['queued', 'running', 'parked', 'done', 'warned', 'failed', 'stopped', 'refused', 'missed']),
  code: z.string().nullable(), message: z.string().nullable(), pointId: RestorePointId.nullable(),
  progress: BackupProgress.nullable(), rateBytesPerSecond: z.number().nullable(), etaMs: z.number().nullable(),
  createdAt: isoTime, startedAt: isoTime.nullable(), finishedAt: isoTime.nullable(),
});
export type Job = z.infer<typeof Job>;

/** A restore point as `lifeboat get versions` and the machine page list it. */
export const Version = PointSummary.extend({
  bytes: ByteCounters.pick({ used: true, changed: true, sent: true, stored: true }).extend({ unique: z.number().int().nonnegative().nullable() }),
  proof: z.strictObject({ level: z.number().int(), at: isoTime }).nullable(), pinned: z.boolean(), kept: z.array(z.string()),
  /** Why a pinned point stays; until when, null until unpinned. */
  pin: z.strictObject({ reason: z.string(), until: isoTime.nullable(), by: z.string() }).nullable().optional(),
  held: z.strictObject({ reason: z.string(), by: z.string(), since: isoTime }).nullable().optional(), immutableUntil: isoTime.nullable().optional(),
  /** Deleted: it can be brought back until then. */
  deleted: z.strictObject({ at: isoTime, purgeAfter: isoTime, by: z.string(), reason: z.string() }).nullable().optional(),
  /** Why the state is not what it was when the point was made. */
  mark: z.strictObject({ cause: z.string(), reason: z.string(), at: isoTime }).nullable().optional(),
  /** Why it goes at the next run of retention; null when it stays. */
  goes: z.string().nullable().optional(), codes: z.array(z.string()).optional(),
});
export type Version = z.infer<typeof Version>;

export const ComputerList = z.strictObject({ v: z.literal(1), seq: z.number().int(), computers: z.array(Computer) });
export const VersionList = z.strictObject({ v: z.literal(1), computer: z.string(), machineId: MachineId, versions: z.array(Version) });
export const JobList = z.strictObject({ v: z.literal(1), jobs: z.array(Job) });
export const PolicyView = z.strictObject({ v: z.literal(1), policy: BackupPolicy, origin: z.enum(['built-in', 'default', 'machine']) });
/** GET of one computer. */
export const ComputerView = z.strictObject({ v: z.literal(1), computer: Computer });
/** GET of the items of one version: its disks, layout and volumes. */
export const ItemsView = z.strictObject({ v: z.literal(1), manifest: RestorePointManifest });
