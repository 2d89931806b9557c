import { assertInvariant, clipExtents, endOf, MIB, totalBytes, type Clock, type Extent } from '@lifeboat/model';
import { systemClock } from '@lifeboat/codec';
import { writeDiskLayout, type BlockWriter } from '@lifeboat/block-device';
import type { DiskRestorePlan, PlannedVolume } from '../plan/restore-plan.js';
import { listVolumes, type RestoredRun, type VolumeSource } from '../source/volume-source.js';
import { ProgressMeter } from './progress-meter.js';
import { RestoreRefused } from './restore-errors.js';
import type { LostRange, RestoreProgress, RestoreReport } from './restore-report.js';
import { RestoreSink } from './restore-sink.js';

/** This much at the front of what is restored is written last. */
const headBytes = MIB;

export type RestoreDiskOptions = Readonly<{
  source: VolumeSource;
  /** Of the plan's target, at least `targetSizeBytes` long; stays the caller's to close. */
  writer: BlockWriter;
  /** The target is a fresh sparse file, or one that was emptied: zeros and unallocated bytes stay holes. */
  readsAsZeros: boolean;
  onProgress?: (progress: RestoreProgress) => void;
  signal?: AbortSignal;
  clock?: Clock;
}>;

/**
 * Carries out the plan of one disk: writes every chosen volume at its place, tables and boot code after the partitions, the first MiB last, and ends
 * with everything on stable storage. What cannot be had is zeroed and listed in the report; the rest is restored.
 *
 * @throws RestoreRefused (the refusal's code) before the first write; what source and writer throw; the signal's reason. A restore that did not end
 *   leaves a target that does not boot and has no partition table, or no filesystem in the chosen partitions.
 */
export async function restoreDisk(plan: DiskRestorePlan, options: RestoreDiskOptions): Promise<RestoreReport> {
  if (plan.refusal) throw new RestoreRefused(plan.refusal);
  assertInvariant(options.writer.sizeBytes >= plan.targetSizeBytes, 'the writer is that of the plan', { sizeBytes: options.writer.sizeBytes });
  const run = new DiskRestoreRun(plan, options);
  return run.execute();
}

class DiskRestoreRun {
  private readonly clock: Clock;
  private readonly sink: RestoreSink;
  private readonly meter: ProgressMeter;
  private readonly bytes = { written: 0, zeroed: 0, unallocated: 0, damaged: 0, unreadable: 0 };
  private readonly damaged: LostRange[] = [];
  private readonly unreadable: LostRange[] = [];

  constructor(
    private readonly plan: DiskRestorePlan,
    private readonly options: RestoreDiskOptions,
  ) {
    this.clock = options.clock ?? systemClock;
    this.sink = new RestoreSink(options.writer, { held: heldPlaces(plan), readsAsZeros: options.readsAsZeros });
    this.meter = new ProgressMeter(this.clock, expectedBytes(plan, options), options.onProgress ?? (() => undefined));
  }

  async execute(): Promise<RestoreReport> {
    const startedMs = this.clock.monotonicMs();
    await this.sink.begin();
    for (const volume of this.plan.volumes) {
      for await (const run of this.options.source.read(volume.number)) {
        this.options.signal?.throwIfAborted();
        await this.place(volume, run);
      }
    }
    if (this.plan.rewriteTable) for (const stale of staleTables(this.plan)) await this.sink.overwriteWithZeros(stale);
    this.meter.flush({ phase: 'sync', volumeId: null });
    this.options.signal?.throwIfAborted();
    await this.sink.finish();
    if (this.plan.rewriteTable) await writeDiskLayout(this.options.writer, this.plan.source, { sectorBytes: this.plan.source.logicalSectorBytes });
    return {
      diskId: this.plan.diskId, targetPath: this.plan.target.path, mode: this.plan.mode, durationMs: Math.round(this.clock.monotonicMs() - startedMs),
      bytes: { ...this.bytes }, damaged: this.damaged, unreadable: this.unreadable, warnings: this.plan.warnings,
    };
  }

  private async place(volume: PlannedVolume, whole: RestoredRun): Promise<void> {
    const extent = clipExtents([whole], volume.lengthBytes)[0];
    if (!extent) return;
    const onDisk = { offsetBytes: volume.diskOffsetBytes + extent.offsetBytes, lengthBytes: extent.lengthBytes };
    switch (whole.kind) {
      case 'data':
        await this.sink.write(whole.bytes.subarray(0, extent.lengthBytes), onDisk.offsetBytes);
        this.bytes.written += extent.lengthBytes;
        break;
      case 'zero':
        await this.sink.zero(onDisk, this.options.signal);
        this.bytes.zeroed += extent.lengthBytes;
        break;
      case 'unallocated':
        this.bytes.unallocated += extent.lengthBytes;
        return;
      case 'damaged':
      case 'unreadable':
        // Old content of the target must not pass for restored bytes.
        await this.sink.zero(onDisk, this.options.signal);
        this.bytes[whole.kind] += extent.lengthBytes;
        note(this[whole.kind], { volumeId: volume.volumeId, ...extent, diskOffsetBytes: onDisk.offsetBytes });
        break;
    }
    if (whole.kind === 'data' || !this.options.readsAsZeros) this.meter.add(extent.lengthBytes, { phase: 'write', volumeId: volume.volumeId });
  }
}

/** Adds a range, joining it with the last one when they touch. */
function note(ranges: LostRange[], range: LostRange): void {
  const last = ranges.at(-1);
  if (last?.volumeId === range.volumeId && endOf(last) === range.offsetBytes) ranges[ranges.length - 1] = { ...last, lengthBytes: last.lengthBytes + range.lengthBytes };
  else ranges.push(range);
}

/** The front of the disk; where the layout is kept, the front of each volume. */
function heldPlaces(plan: DiskRestorePlan): Extent[] {
  if (plan.mode !== 'keep-layout') return [{ offsetBytes: 0, lengthBytes: Math.min(headBytes, plan.targetSizeBytes) }];
  return plan.volumes.map((volume) => ({ offsetBytes: volume.diskOffsetBytes, lengthBytes: Math.min(headBytes, volume.lengthBytes) })).sort((left, right) => left.offsetBytes - right.offsetBytes);
}

/** Where the source's backup table lies on a target of another size: it would be found by repair tools and contradict the new one. */
function staleTables(plan: DiskRestorePlan): Extent[] {
  const partitionsEnd = Math.max(0, ...plan.source.partitions.map(endOf));
  const stale = plan.source.tableSectors
    .map((sector) => ({ offsetBytes: sector.offsetBytes, lengthBytes: Buffer.byteLength(sector.base64, 'base64') }))
    .filter((extent) => extent.offsetBytes > 0 && extent.offsetBytes >= partitionsEnd)
    .sort((left, right) => left.offsetBytes - right.offsetBytes);
  return clipExtents(stale, plan.targetSizeBytes);
}

function expectedBytes(plan: DiskRestorePlan, options: RestoreDiskOptions): number {
  const volumes = listVolumes(options.source.manifest);
  return totalBytes(
    plan.volumes.map((planned) => {
      const counts = volumes[planned.number]?.volume.counts;
      const written = (counts?.dataBytes ?? 0) + (options.readsAsZeros ? 0 : (counts?.zeroBytes ?? 0) + (counts?.unreadableBytes ?? 0));
      return { offsetBytes: 0, lengthBytes: written };
    }),
  );
}
