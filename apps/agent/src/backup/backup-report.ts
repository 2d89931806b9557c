import type { Extent, RestorePointManifest, VolumeManifest, Warning } from '@lifeboat/model';
import type { VolumeResult } from './capture/capture-volume.js';
import type { PlannedVolume } from './plan-backup.js';

/** What `start backup --json` prints. */
export type BackupReport = Readonly<{
  v: 1; pointId: string; base: string | null; kind: 'full' | 'incremental'; consistency: string; durationMs: number; bytes: RestorePointManifest['bytes'];
  volumes: readonly VolumeReport[];
}>;

export type VolumeReport = Readonly<{
  id: string; fs: string; bytes: Readonly<{ length: number; used: number; read: number; changed: number; zero: number; unallocated: number; unreadable: number }>;
  cutter: string; tracker: string; warnings: readonly Warning[];
}>;

/** A captured volume: plan and result together. */
export type CapturedVolume = Readonly<{ planned: PlannedVolume; result: VolumeResult }>;

/** Bytes of a volume that had to be kept: by its allocation map, or what turned out not to be zero. */
export function usedBytesOf({ planned, result }: CapturedVolume): number {
  if (planned.usedIsExact) return planned.cut.used.reduce((sum, extent) => sum + extent.lengthBytes, 0);
  return result.counts.dataBytes + result.counts.unreadableBytes;
}

/** The volume as the manifest describes it. */
export function volumeManifestOf(captured: CapturedVolume): VolumeManifest {
  const { planned, result } = captured;
  return {
    volumeId: planned.volumeId, role: planned.role, partitionNumber: planned.partitionNumber, offsetBytes: planned.offsetBytes, lengthBytes: planned.cut.lengthBytes,
    filesystem: planned.filesystem, label: planned.label, uuid: planned.uuid, cutter: planned.cutter, tracker: planned.tracker, consistency: planned.consistency, state: planned.state,
    mapRoot: result.mapRoot, counts: result.counts, warnings: warningsOf(captured),
  };
}

/** The report of a committed point. */
export function reportOf(manifest: RestorePointManifest, captured: readonly CapturedVolume[]): BackupReport {
  return {
    v: 1, pointId: manifest.pointId, base: manifest.basePointId, kind: manifest.kind, consistency: manifest.consistency, durationMs: manifest.durationMs, bytes: manifest.bytes,
    volumes: captured.map((one) => ({
      id: one.planned.volumeId, fs: one.planned.filesystem,
      bytes: {
        length: one.planned.cut.lengthBytes, used: usedBytesOf(one), read: one.result.read, changed: one.result.changed,
        zero: one.result.counts.zeroBytes, unallocated: one.result.counts.unallocatedBytes, unreadable: one.result.counts.unreadableBytes,
      },
      cutter: one.planned.cutter, tracker: one.planned.tracker, warnings: warningsOf(one),
    })),
  };
}

function warningsOf({ planned, result }: CapturedVolume): Warning[] {
  if (result.counts.unreadableBytes === 0) return [...planned.warnings];
  const places = result.unreadable.map((extent: Extent) => `${String(extent.offsetBytes)}+${String(extent.lengthBytes)}`).join(', ');
  const message = `${String(result.counts.unreadableBytes)} bytes cannot be read and are marked as such, at ${places}`;
  return [...planned.warnings, { code: 'UNREADABLE_SECTORS', message: message.slice(0, 1000) }];
}
