import { mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { bytesToHex, GIB, totalBytes, type Clock, type Random } from '@lifeboat/model';
import { systemClock, systemRandom } from '@lifeboat/codec';
import type { DiskImage, ImageRun } from '../image/disk-image.js';
import { zeroLost } from '../image/zero-lost.js';
import { serveNbd, type NbdServer } from '../nbd/serve-nbd.js';
import { ProgressMeter } from '../run/progress-meter.js';
import type { RestoreProgress, RestoreReport } from '../run/restore-report.js';
import { ExportFailed, ExportMismatch, ExportTargetUnusable, ExportTooLarge } from './export-errors.js';
import { LostRanges } from './lost-ranges.js';
import { runQemuImg, type QemuImgOptions } from './qemu-img.js';

/** Formats besides raw. */
export type ExportFormat = 'qcow2' | 'vhd' | 'vhdx' | 'vmdk';

/** What qemu calls them, and how they are made. @see docs/adr/0011-nbd.md */
const drivers: Readonly<Record<ExportFormat, Readonly<{ driver: string; options: string | null; sizeBytesMax: number }>>> = {
  qcow2: { driver: 'qcow2', options: null, sizeBytesMax: Number.MAX_SAFE_INTEGER },
  vhd: { driver: 'vpc', options: 'subformat=dynamic,force_size=on', sizeBytesMax: 2040 * GIB },
  vhdx: { driver: 'vhdx', options: 'subformat=dynamic', sizeBytesMax: 64 * 1024 * GIB },
  vmdk: { driver: 'vmdk', options: 'subformat=monolithicSparse', sizeBytesMax: Number.MAX_SAFE_INTEGER },
};

export type ExportOptions = Readonly<{
  format: ExportFormat;
  targetPath: string;
  /** An existing file at the target may be replaced; it stays as it is until the new one is complete. */
  replace?: boolean;
  /** Read the written image back and compare it. */
  verify?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: RestoreProgress) => void;
  /** The program; default `qemu-img`, found in the PATH. */
  qemuImg?: string;
  clock?: Clock;
  random?: Random;
}>;

/** As the report of a raw restore; `fileBytes` is the size of the written file, `verifiedBytes` the compared size of the disk, or null. */
export type ExportReport = RestoreReport & Readonly<{ format: ExportFormat; fileBytes: number; verifiedBytes: number | null }>;

/**
 * Writes a disk image as a file of another format, through `qemu-img` and a private NBD socket. What is lost becomes zeros and is listed in the report. Until the
 * file is complete and on stable storage it has a temporary name beside the target; whatever fails, nothing is left of it.
 *
 * @throws ExportToolMissing (EXPORT_TOOL_MISSING), ExportTargetUnusable (EXPORT_TARGET_UNUSABLE), ExportTooLarge (EXPORT_TOO_LARGE), ExportFailed (EXPORT_FAILED),
 *   ExportMismatch (EXPORT_MISMATCH), what the image's source throws, and the signal's reason.
 */
export async function exportDiskImage(image: DiskImage, options: ExportOptions): Promise<ExportReport> {
  const { sizeBytesMax } = drivers[options.format];
  if (image.sizeBytes > sizeBytesMax) throw new ExportTooLarge({ format: options.format, sizeBytes: image.sizeBytes, sizeBytesMax });
  await assertUsable(options);
  return new ImageExport(image, options).execute();
}

class ImageExport {
  private readonly clock: Clock;
  private readonly lost: LostRanges;
  private readonly partialPath: string;
  private readonly program: QemuImgOptions;
  private sourceFailure: unknown;

  constructor(
    private readonly image: DiskImage,
    private readonly options: ExportOptions,
  ) {
    this.clock = options.clock ?? systemClock;
    this.lost = new LostRanges(image.disk);
    this.program = { program: options.qemuImg ?? 'qemu-img', signal: options.signal };
    const suffix = bytesToHex((options.random ?? systemRandom).bytes(6));
    this.partialPath = join(dirname(options.targetPath), `.${basename(options.targetPath)}.${suffix}.partial`);
  }

  async execute(): Promise<ExportReport> {
    const startedMs = this.clock.monotonicMs();
    const bytes = await this.countBytes();
    const folder = await mkdtemp(join(tmpdir(), 'lifeboat-export-'));
    try {
      await this.offered(folder, { totalBytes: bytes.data, phase: 'write' }, (uri) => this.convert(uri));
      await syncPath(this.partialPath);
      if (this.options.verify) await this.offered(folder, { totalBytes: bytes.data, phase: 'verify' }, (uri) => this.compare(uri));
      this.options.signal?.throwIfAborted();
      await rename(this.partialPath, this.options.targetPath);
      await syncPath(dirname(this.options.targetPath));
    } finally {
      await rm(this.partialPath, { force: true });
      await rm(folder, { recursive: true, force: true });
    }
    return this.report(bytes, Math.round(this.clock.monotonicMs() - startedMs));
  }

  /** Offers the image on a private socket for the duration of `work` and counts what is read of it. */
  private async offered(folder: string, progress: Readonly<{ totalBytes: number; phase: 'write' | 'verify' }>, work: (uri: string) => Promise<void>): Promise<void> {
    const meter = new ProgressMeter(this.clock, progress.totalBytes, this.options.onProgress ?? (() => undefined));
    const at = { phase: progress.phase, volumeId: null };
    const noteRun = (run: ImageRun): void => {
      if (run.kind === 'lost') this.lost.add(run);
      if (run.kind !== 'zero') meter.add(run.lengthBytes, at);
    };
    const exports = [{ name: 'disk', description: '', image: zeroLost(this.image, noteRun) }];
    const server: NbdServer = await serveNbd({ exports, listen: { socketPath: join(folder, 'nbd.sock') }, onError: (error) => { this.sourceFailure ??= error; } });
    try {
      await work(server.uriOf('disk'));
      meter.flush(at);
    } finally {
      await server.close();
    }
  }

  private async convert(uri: string): Promise<void> {
    const { driver, options } = drivers[this.options.format];
    const how = options === null ? [] : ['-o', options];
    const { exit, said } = await runQemuImg(['convert', '-f', 'raw', '-O', driver, ...how, uri, `file:${this.partialPath}`], this.program);
    if (exit !== '0') throw this.failure(exit, said);
  }

  private async compare(uri: string): Promise<void> {
    const { format } = this.options;
    const { exit, said } = await runQemuImg(['compare', '-f', 'raw', '-F', drivers[format].driver, uri, `file:${this.partialPath}`], this.program);
    if (exit === '1') throw new ExportMismatch({ format, said });
    if (exit !== '0') throw this.failure(exit, said);
  }

  /** When the source could not be read, that is the error; what qemu-img says of it is only "Input/output error". */
  private failure(exit: string, said: string): unknown {
    return this.sourceFailure ?? new ExportFailed({ format: this.options.format, exit, said });
  }

  private async countBytes(): Promise<Record<'data' | 'zero' | 'hole', number>> {
    const bytes = { data: 0, zero: 0, hole: 0 };
    for await (const run of this.image.readStatus({ offsetBytes: 0, lengthBytes: this.image.sizeBytes })) {
      this.options.signal?.throwIfAborted();
      bytes[run.state] += run.lengthBytes;
    }
    return bytes;
  }

  private async report(bytes: Record<'data' | 'zero' | 'hole', number>, durationMs: number): Promise<ExportReport> {
    const { targetPath, format, verify } = this.options;
    const damaged = this.lost.list('damaged');
    const unreadable = this.lost.list('unreadable');
    const lostBytes = { damaged: totalBytes(damaged), unreadable: totalBytes(unreadable) };
    return {
      diskId: this.image.disk.facts.diskId, targetPath, mode: 'whole-image', durationMs, damaged, unreadable, warnings: [],
      bytes: { written: bytes.data - lostBytes.damaged - lostBytes.unreadable, zeroed: bytes.zero, unallocated: bytes.hole, ...lostBytes },
      format, fileBytes: (await stat(targetPath)).size, verifiedBytes: verify ? this.image.sizeBytes : null,
    };
  }
}

async function assertUsable({ targetPath, replace }: ExportOptions): Promise<void> {
  const present = await stat(targetPath).catch((error: unknown) => {
    if (error !== null && typeof error === 'object' && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (present && !present.isFile()) throw new ExportTargetUnusable({ targetPath, reason: 'it is not a file' });
  if (present && !replace) throw new ExportTargetUnusable({ targetPath, reason: 'it exists' });
}

/** Makes a file, or the names in a folder, durable. */
async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
