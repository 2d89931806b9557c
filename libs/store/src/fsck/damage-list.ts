import type { ComputerName, Digest, RestorePointManifest, VolumeManifest } from '@lifeboat/model';
import type { CommittedPoint } from '../point/committed-points.js';
import type { FsckDamage } from './fsck-report.js';

/** The volume of a point in which something is lost. */
export type DamagedVolume = Readonly<{ manifest: RestorePointManifest; diskId: string; volume: VolumeManifest }>;
/** The lost range, in bytes of the volume. */
export type DamagedRange = Readonly<{ offsetBytes: number; lengthBytes: number; structure: 'chunk' | 'page'; digest: Digest; detail: string }>;

const entriesMax = 100_000;

/** Lost ranges in the order they are found; neighbours of one kind and cause become one. */
export class DamageList {
  readonly entries: FsckDamage[] = [];
  private readonly points = new Set<string>();
  /** Ranges added so far, joined or not. */
  count = 0;

  /** There is more than `entries` lists. */
  truncated = false;

  /** Points with damage. */
  get affectedPoints(): number {
    return this.points.size;
  }

  /** The whole point cannot be read. */
  addPoint({ point, computerName, detail }: Readonly<{ point: CommittedPoint; computerName: ComputerName | null; detail: string }>): void {
    this.push({
      machineId: point.machineId, computerName, pointId: point.pointId, createdAtMs: point.atMs, diskId: null, volumeId: null,
      offsetBytes: 0, diskOffsetBytes: 0, lengthBytes: 0, structure: 'point', digest: null, detail, files: null,
    });
  }

  addRange({ manifest, diskId, volume }: DamagedVolume, range: DamagedRange): void {
    const last = this.entries.at(-1);
    const continues = last?.pointId === manifest.pointId && last.diskId === diskId && last.volumeId === volume.volumeId && last.structure === range.structure
      && last.detail === range.detail && last.offsetBytes + last.lengthBytes === range.offsetBytes;
    if (last && continues) {
      this.count += 1;
      this.entries[this.entries.length - 1] = { ...last, lengthBytes: last.lengthBytes + range.lengthBytes, digest: null };
      return;
    }
    const { machineId, computerName, pointId, createdAtMs } = manifest;
    this.push({ machineId, computerName, pointId, createdAtMs, diskId, volumeId: volume.volumeId, diskOffsetBytes: volume.offsetBytes + range.offsetBytes, files: null, ...range });
  }

  private push(entry: FsckDamage): void {
    this.count += 1;
    this.points.add(`${entry.machineId}/${entry.pointId}`);
    if (this.entries.length < entriesMax) this.entries.push(entry);
    else this.truncated = true;
  }
}
