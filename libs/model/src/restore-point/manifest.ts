import { z } from 'zod';
import { ComputerName } from '../ids/computer-name.js';
import { Digest } from '../ids/digest.js';
import { MachineId, RestorePointId } from '../ids/ids.js';
import { DiskFacts, DiskLayout, FilesystemType, Warning } from '../layout/disk-layout.js';
import { ByteCounters } from '../progress.js';

const byteCount = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const epochMs = z.number().int().nonnegative().max(8_640_000_000_000_000);

/**
 * How far the bytes of a volume belong to one moment. `offline` nothing was mounted · `crash` as after a power cut ·
 * `filesystem` the filesystem was quiesced · `application` so were the programs.
 */
export const Consistency = z.enum(['offline', 'crash', 'filesystem', 'application']);
export type Consistency = z.infer<typeof Consistency>;

/** A `suspect` point may be incomplete or inconsistent: it never displaces a good one and satisfies no floor. */
export const PointState = z.enum(['good', 'suspect', 'damaged']);
export type PointState = z.infer<typeof PointState>;

/** Bytes of a volume by what the map says of them; they add up to the volume's length. */
export const MapCounts = z.strictObject({ dataBytes: byteCount, zeroBytes: byteCount, unallocatedBytes: byteCount, unreadableBytes: byteCount });
export type MapCounts = z.infer<typeof MapCounts>;

/**
 * A run of bytes of a disk that is captured as one map. `outside-partitions` spans the whole disk and holds tables, boot code and gaps;
 * the partitions' own bytes are unallocated in it. `whole-disk` is a filesystem without a partition table.
 */
export const VolumeManifest = z.strictObject({
  volumeId: z.string().regex(/^[a-z0-9][a-z0-9._/-]{0,191}$/),
  role: z.enum(['outside-partitions', 'partition', 'whole-disk']),
  partitionNumber: z.number().int().nullable(),
  offsetBytes: byteCount,
  lengthBytes: byteCount,
  filesystem: FilesystemType,
  label: z.string().max(256).nullable(),
  uuid: z.string().max(64).nullable(),
  cutter: z.enum(['fixed', 'file-aligned']),
  tracker: z.string().max(64),
  consistency: Consistency,
  state: PointState,
  /** Name of the root page of the volume's map. */
  mapRoot: Digest,
  counts: MapCounts,
  warnings: z.array(Warning).max(200),
});
export type VolumeManifest = z.infer<typeof VolumeManifest>;

export const DiskManifest = z.strictObject({ facts: DiskFacts, layout: DiskLayout, volumes: z.array(VolumeManifest).max(1025) });
export type DiskManifest = z.infer<typeof DiskManifest>;

/** The root of a restore point: everything needed to make the machine's disks again, naming map pages by digest. Complete in itself. */
export const RestorePointManifest = z.strictObject({
  v: z.literal(1),
  pointId: RestorePointId,
  machineId: MachineId,
  computerName: ComputerName,
  /** When the point was committed, by the server's clock. */
  createdAtMs: epochMs,
  /** When the backup began, as the agent's clock claims. */
  agentStartedAtMs: epochMs,
  durationMs: z.number().int().nonnegative(),
  agentVersion: z.string().max(64),
  os: z.strictObject({ platform: z.string().max(64), release: z.string().max(128), hostname: z.string().max(256) }),
  /** `incremental` when at least one volume was compared with a base point. Information only: the point needs no other. */
  kind: z.enum(['full', 'incremental']),
  basePointId: RestorePointId.nullable(),
  consistency: Consistency,
  state: PointState,
  bytes: ByteCounters,
  disks: z.array(DiskManifest).min(1).max(256),
});
export type RestorePointManifest = z.infer<typeof RestorePointManifest>;

/** What the agent knows of a point before the server commits it; the server adds identity, time and what it stored. */
export const ManifestDraft = RestorePointManifest.omit({ pointId: true, machineId: true, computerName: true, createdAtMs: true });
export type ManifestDraft = z.infer<typeof ManifestDraft>;
