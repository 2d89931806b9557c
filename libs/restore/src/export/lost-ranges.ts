import { endOf, type DiskManifest } from '@lifeboat/model';
import type { ImageRun } from '../image/disk-image.js';
import type { LostRange } from '../run/restore-report.js';

type LostRun = Extract<ImageRun, { kind: 'lost' }>;

/** Collects what reads of a disk said was lost; the same place may be read again and again. */
export class LostRanges {
  private readonly runs = new Map<string, LostRun>();

  constructor(private readonly disk: DiskManifest) {}

  add(run: LostRun): void {
    this.runs.set(`${String(run.offsetBytes)}+${String(run.lengthBytes)}`, run);
  }

  /** What was lost for `reason`, in the order of the disk, merged within volumes. */
  list(reason: LostRun['reason']): LostRange[] {
    const sorted = [...this.runs.values()].filter((run) => run.reason === reason).sort((left, right) => left.offsetBytes - right.offsetBytes);
    const merged: LostRange[] = [];
    for (const run of sorted) {
      const last = merged.at(-1);
      const offsetBytes = run.offsetBytes - (this.disk.volumes.find((volume) => volume.volumeId === run.volumeId)?.offsetBytes ?? 0);
      if (last?.volumeId === run.volumeId && offsetBytes <= endOf(last)) {
        merged[merged.length - 1] = { ...last, lengthBytes: Math.max(endOf(last), offsetBytes + run.lengthBytes) - last.offsetBytes };
      } else merged.push({ volumeId: run.volumeId, offsetBytes, lengthBytes: run.lengthBytes, diskOffsetBytes: run.offsetBytes });
    }
    return merged;
  }
}
